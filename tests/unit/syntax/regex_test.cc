#include "syntax/regex.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "unit/rule_text.h"

namespace rr {
namespace {

std::string FaultOf(const std::string& regex) {
  Diagnostics diagnostics;
  const bool good = CheckRegex(SpannedText::FromString(regex), &diagnostics);
  CHECK(good == diagnostics.all().empty());
  return Findings(diagnostics);
}

std::optional<std::string> Rewritten(const std::string& regex, const std::string& text,
                                     const std::string& pattern) {
  const CompiledRegex compiled(regex);
  const std::optional<RegexMatch> match = compiled.Match(text);
  return match ? match->Rewrite(pattern) : std::nullopt;
}

TEST_CASE("good regexes") {
  for (const char* regex : {"a", ".*\\.inv_freq", "(vision|audio)\\..*", "a.*", ".+x", "[0-9]+"}) {
    CAPTURE(regex);
    CHECK(FaultOf(regex) == "");
  }
}

TEST_CASE("what RE2 refuses, at the part that it names") {
  CHECK(FaultOf("a(?=b)") == "RR105 `(?=` RE2 refuses this regex: invalid perl operator: (?=");
  CHECK(FaultOf("(a)\\1") == "RR105 `\\1` RE2 refuses this regex: invalid escape sequence: \\1");
  CHECK(FaultOf("a(b") == "RR105 `a(b` RE2 refuses this regex: missing ): a(b");
  CHECK(FaultOf("a{3000}").starts_with("RR105"));
  CHECK(FaultOf("((a{100}){100}){100}").starts_with("RR105"));
}

TEST_CASE("regexes that match every key") {
  for (const char* regex : {"", ".*", ".+", "(?s).*", "a*", "(a|.*)", "[^/]+", "x?"}) {
    CAPTURE(regex);
    CHECK(FaultOf(regex) == fmt::format("RR105 `{}` this regex matches every key", regex));
  }
}

TEST_CASE("a text rewritten with the groups of a match of all of it") {
  const std::string regex = "(.*experts)\\.(gate|up)_proj";
  const std::string key = "model.experts.up_proj";
  CHECK(Rewritten(regex, key, "{p}\\1.\\2.lora_A") == "{p}model.experts.up.lora_A");
  CHECK(Rewritten(regex, key, "<\\0>") == "<model.experts.up_proj>");
  CHECK(Rewritten(regex, key, "text") == "text");
  // Not part of it, and no group that the regex does not have.
  CHECK_FALSE(Rewritten(regex, key + ".weight", "\\1").has_value());
  CHECK_FALSE(Rewritten(regex, key, "\\3").has_value());
  CHECK_FALSE(Rewritten("(", key, "\\0").has_value());
  // A group that took part in no match is empty; braces and dots of the key are text.
  CHECK(Rewritten("(a)|(b)", "b", "[\\1|\\2]") == "[|b]");
  CHECK(Rewritten("(.*)\\.\\{E\\}\\.w", "{L}e.{E}.w", "\\1-\\0") == "{L}e-{L}e.{E}.w");
  // Nine groups and the whole.
  CHECK(Rewritten("(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)", "abcdefghij", "\\9\\1\\0") == "iaabcdefghij");
}

TEST_CASE("trees of keys are regexes and come back from them") {
  for (const std::string beginning : {"model.visual.", "a-b/c_d9.", "audio", "x[0]."}) {
    CAPTURE(beginning);
    const std::string regex = RegexOfTree("tower", SpannedText::FromString(beginning)).text;
    CHECK(CompiledRegex(regex).Matches(beginning + "0.weight"));
    CHECK_FALSE(CompiledRegex(regex).Matches("m" + beginning + "0.weight"));
    const auto tree = TreeOf(regex);
    REQUIRE(tree.has_value());
    CHECK(tree->name == "tower");
    CHECK(tree->beginning == beginning);
  }
  CHECK(TreeOf("(?P<v>model\\.visual\\.).*")->beginning == "model.visual.");
  const std::string numbered = RegexOfTree("l", SpannedText::FromString("v.linear_{}.")).text;
  CHECK(numbered == "(?P<l>v\\.linear_[0-9]+\\.).*");
  CHECK(TreeOf(numbered)->beginning == "v.linear_{}.");
  for (const char* other : {"visual\\..*", "(?P<v>visual.).*", "(?P<v>\\d).*", "(?P<v>a|b).*",
                            "(?P<v>a).*b", "(?P<v>).*", "(visual).*"}) {
    CAPTURE(other);
    CHECK_FALSE(TreeOf(other).has_value());
  }
}

TEST_CASE("named groups") {
  CHECK(GroupNames("(?P<L>\\d+)\\.(?P<E>\\d+)(x)") == std::vector<std::string>{"L", "E"});
  CHECK(GroupNames("abc").empty());
  CHECK(GroupNames("(").empty());
}

TEST_CASE("a memo answers as the regex does") {
  const CompiledRegex weight(R"((.*)\.weight)"), bias(R"((.*)\.bias)"), none;
  RegexMemo memo;
  for (int time = 0; time < 2; ++time) {
    for (const std::string text : {"mlp.up.weight", "attn.q.bias", "norm"}) {
      CAPTURE(text);
      for (const CompiledRegex* regex : {&weight, &bias, &none}) {
        const auto own = regex->Match(text);
        const auto& known = memo.Match(*regex, text);
        REQUIRE(own.has_value() == known.has_value());
        if (own) CHECK(own->Rewrite("<\\1>") == known->Rewrite("<\\1>"));
      }
    }
  }
  const std::optional<RegexMatch>& up = memo.Match(weight, "mlp.up.weight");
  REQUIRE(up);
  memo.Match(weight, "another.weight");
  CHECK(up->Rewrite("\\1.A") == "mlp.up.A");
}

}  // namespace
}  // namespace rr
