#include "syntax/key_template.h"

#include <doctest/doctest.h>
#include <re2/re2.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "unit/rule_text.h"

namespace rr {
namespace {

KeyTemplate Template(const std::string& text) {
  Diagnostics diagnostics;
  const auto key = ParseKeyTemplate(SpannedText::FromString(text), &diagnostics);
  CHECK(Findings(diagnostics) == "");
  REQUIRE(key.has_value());
  return *key;
}

TEST_CASE("parts and text") {
  const KeyTemplate key = Template("{m}layers.{L}.{P:gate|up}_proj.weight{E}");
  REQUIRE(key.parts.size() == 7);
  CHECK(key.parts[0].kind == KeyPart::Kind::kName);
  CHECK(key.parts[0].text == "m");
  CHECK(key.parts[2].kind == KeyPart::Kind::kCapture);
  CHECK(key.parts[4].words == std::vector<std::string>{"gate", "up"});
  CHECK(Covered(key.parts[4].place) == "{P:gate|up}");
  CHECK(key.Captures() == std::vector<std::string>{"L", "P", "E"});
  CHECK(key.ToString() == "{m}layers.{L}.{P:gate|up}_proj.weight{E}");
}

TEST_CASE("keys of a template") {
  const KeyTemplate key = Template("layers.{L}.{P:gate|gate_up}_proj.w{E}");
  CHECK(IsKeyOf(key, "layers.0.gate_proj.w10"));
  CHECK(IsKeyOf(key, "layers.12.gate_up_proj.w0"));
  for (const char* other :
       {"layers.01.gate_proj.w1", "layers..gate_proj.w1", "layers.1.up_proj.w1",
        "layers.1.gate_proj.w", "layers.1.gate_proj.w1.", "xlayers.1.gate_proj.w1",
        "layers.1.gate_proj.w-1", "layers.1.gate_proj.w007", ""}) {
    CAPTURE(other);
    CHECK_FALSE(IsKeyOf(key, other));
  }
  // Where a number ends is found by what follows.
  CHECK(IsKeyOf(Template("a{L}0{E}"), "a1003"));
  CHECK_FALSE(IsKeyOf(Template("a{L}0{E}"), "a1234"));
}

TEST_CASE("faults: place and words") {
  struct Case {
    const char* text;
    const char* fault;
  };
  const char* kWords =
      "the words of a capture are letters, digits, `_`, `.` and `-`, with `|` between them";
  for (const Case& c : std::vector<Case>{
           {"", "RR101 `` the key is empty"},
           {"a.{L", "RR101 `{` `{` is not closed"},
           {"a}.b", "RR101 `}` `}` closes nothing"},
           {"a.{}.b",
            "RR101 `{}` a capture names an axis (Capitalised) or a named string (lower case)"},
           {"a.{1}",
            "RR101 `1` `1` is neither an axis (Capitalised) nor a named string (lower case)"},
           {"{m:x|y}",
            "RR101 `m` `m` has its own words, so it captures an axis: write it Capitalised"},
       }) {
    CAPTURE(c.text);
    Diagnostics diagnostics;
    CHECK_FALSE(ParseKeyTemplate(SpannedText::FromString(c.text), &diagnostics));
    CHECK(Findings(diagnostics) == c.fault);
  }
  for (const char* text : {"{P:}", "{P:a|}", "{P:a||b}", "{P:a+}"}) {
    CAPTURE(text);
    Diagnostics diagnostics;
    CHECK_FALSE(ParseKeyTemplate(SpannedText::FromString(text), &diagnostics));
    REQUIRE(diagnostics.all().size() == 1);
    CHECK(diagnostics.all()[0].message == kWords);
  }
}

TEST_CASE("the regex takes decimal integers without leading zeros, and literals as they are") {
  const KeyTemplate key = Template("a.{L}+(b)[c]{P:x.1|y}");
  CHECK(ToRegex(key) == "a\\.(0|[1-9][0-9]*)\\+\\(b\\)\\[c\\](x\\.1|y)");
  const RE2 re(ToRegex(key));
  for (const char* good : {"a.0+(b)[c]y", "a.10+(b)[c]x.1"}) CHECK(RE2::FullMatch(good, re));
  for (const char* bad : {"a.00+(b)[c]y", "a.01+(b)[c]y", "ab0+(b)[c]y", "a.+(b)[c]y",
                          "a.-1+(b)[c]y", "a.1+(b)[c]xz1", "xa.1+(b)[c]y"}) {
    CAPTURE(bad);
    CHECK_FALSE(RE2::FullMatch(bad, re));
  }
}

TEST_CASE("formatting is the inverse of capturing") {
  const KeyTemplate key = Template("h.{L}.{P:gate|up}.{E}");
  std::map<std::string, int64_t> values = {{"L", 12}, {"P", 1}, {"E", 0}};
  const std::string text = FormatKey(key, [&](const std::string& axis) { return values.at(axis); });
  CHECK(text == "h.12.up.0");
  CHECK(CaptureValue(key.parts[3], "up") == 1);
  CHECK(CaptureValue(key.parts[3], "gate") == 0);
  CHECK(CaptureValue(key.parts[3], "down") == std::nullopt);
  CHECK(CaptureValue(key.parts[1], "12") == 12);
  CHECK(CaptureValue(key.parts[1], "9223372036854775807") == INT64_MAX);
  CHECK(CaptureValue(key.parts[1], "9223372036854775808") == std::nullopt);
  CHECK(CaptureValue(key.parts[1], "1x") == std::nullopt);
  CHECK(CaptureValue(key.parts[1], "") == std::nullopt);
}

TEST_CASE("named strings and placed axes are replaced") {
  KeyTemplate key = Template("{L}mlp.{E}");
  key = ReplacePart(key, KeyPart::Kind::kCapture, "L", Template("{m}layers.{L}."));
  CHECK(key.ToString() == "{m}layers.{L}.mlp.{E}");
  key = ReplacePart(key, KeyPart::Kind::kName, "m", Template("model."));
  CHECK(key.ToString() == "model.layers.{L}.mlp.{E}");
  CHECK(key.parts.size() == 4);  // neighbouring literals are one
  KeyTemplate empty;
  CHECK(ReplacePart(Template("{m}x"), KeyPart::Kind::kName, "m", empty).ToString() == "x");
}

TEST_CASE("a common key") {
  struct Case {
    const char* a;
    const char* b;
    const char* common;  // "": none
  };
  for (const Case& c : std::vector<Case>{
           {"a.{L}.w", "a.{L}.w", "a.0.w"},
           {"a.{L}.w", "a.1.w", "a.1.w"},
           {"a.{L}.w", "a.01.w", ""},
           {"a.{L}.w", "a.{P:x|12}.w", "a.12.w"},
           {"a.{L}.w", "b.{L}.w", ""},
           {"wi_{E}", "wi_0", "wi_0"},
           {"wi_1", "wi_0", ""},
           {"x{A}1", "x1{B}", "x11"},
           {"x{A}0", "x{B}", "x10"},
           {"{P:a|ab}b", "{Q:abb|c}", "abb"},
           {"layers.{L}.mlp.experts.{E}.w", "layers.{L}.mlp.experts.w", ""},
       }) {
    CAPTURE(c.a);
    CAPTURE(c.b);
    const auto common = CommonKey(Template(c.a), Template(c.b));
    CHECK(common.value_or("") == c.common);
    CHECK(CommonKey(Template(c.b), Template(c.a)) == common);
  }
}

// Every key up to a length over a small alphabet.
std::vector<std::string> AllKeys(const std::string& alphabet, size_t longest) {
  std::vector<std::string> keys{""};
  for (size_t begin = 0, length = 0; length < longest; ++length) {
    const size_t end = keys.size();
    for (; begin < end; ++begin) {
      for (const char c : alphabet) keys.push_back(keys[begin] + c);
    }
  }
  return keys;
}

// In how many ways a template reads a key.
int Readings(const KeyTemplate& key, size_t part, std::string_view text) {
  if (part == key.parts.size()) return text.empty() ? 1 : 0;
  const KeyPart& p = key.parts[part];
  if (p.kind == KeyPart::Kind::kLiteral) {
    return text.starts_with(p.text) ? Readings(key, part + 1, text.substr(p.text.size())) : 0;
  }
  int count = 0;
  if (!p.words.empty()) {
    for (const std::string& word : p.words) {
      if (text.starts_with(word)) count += Readings(key, part + 1, text.substr(word.size()));
    }
    return count;
  }
  for (size_t n = 1; n <= text.size() && text[n - 1] >= '0' && text[n - 1] <= '9'; ++n) {
    count += Readings(key, part + 1, text.substr(n));
    if (text[0] == '0') break;
  }
  return count;
}

std::vector<KeyTemplate> SmallTemplates() {
  const std::vector<std::string> pieces = {"a", "0", "1", "{A}", "{P:a|a1}", "{Q:1|a|0a}"};
  std::vector<KeyTemplate> templates;
  std::function<void(std::string, int)> add = [&](const std::string& text, int left) {
    if (!text.empty()) templates.push_back(Normalized(Template(text)));
    if (left == 0) return;
    for (const std::string& piece : pieces) add(text + piece, left - 1);
  };
  add("", 3);
  return templates;
}

TEST_CASE("common keys of all small templates: exists exactly when one exists, and is shortest") {
  const std::vector<KeyTemplate> templates = SmallTemplates();
  const std::vector<std::string> keys = AllKeys("a01", 7);
  // Per template the keys it reads, shortest first.
  std::vector<std::vector<size_t>> read(templates.size());
  for (size_t t = 0; t < templates.size(); ++t) {
    for (size_t k = 0; k < keys.size(); ++k) {
      if (Readings(templates[t], 0, keys[k]) > 0) read[t].push_back(k);
    }
  }
  size_t wrong = 0, pairs = 0;
  for (size_t i = 0; i < templates.size(); ++i) {
    for (size_t j = 0; j <= i; j += 1 + (i + j) % 3) {
      ++pairs;
      std::vector<size_t> both;
      std::set_intersection(read[i].begin(), read[i].end(), read[j].begin(), read[j].end(),
                            std::back_inserter(both));
      const auto common = CommonKey(templates[i], templates[j]);
      // Three pieces of at most two bytes: a shortest common key is never longer than seven.
      bool good = common.has_value() == !both.empty();
      if (good && common) {
        good = common->size() == keys[both[0]].size() && Readings(templates[i], 0, *common) > 0 &&
               Readings(templates[j], 0, *common) > 0;
      }
      if (!good && ++wrong < 5) {
        MESSAGE(templates[i].ToString(), " ", templates[j].ToString(), " ",
                common.value_or("none"));
      }
    }
  }
  CHECK(pairs > 10'000);
  CHECK(wrong == 0);
}

TEST_CASE("ambiguous templates") {
  for (const char* text : {"{A}{B}", "x{A}{B}y", "{P:a|ab}{Q:c|bc}", "{A}{P:1|11}", "{P:a|a}",
                           "{P:a1|a}1{E}", "{P:a|ab}b{Q:c|bc}"}) {
    CAPTURE(text);
    const KeyTemplate key = Template(text);
    const auto example = AmbiguousKey(key);
    REQUIRE(example.has_value());
    CHECK(Readings(key, 0, *example) > 1);
  }
  for (const char* text : {"{A}.{B}", "a{A}", "{P:gate|up}_{A}", "{A}x{B}", "{P:a|b}{A}",
                           "{P:a|ab}b", "{P:a|ab}.{E}", "{A}{P:1|x}"}) {
    CAPTURE(text);
    CHECK(AmbiguousKey(Template(text)) == std::nullopt);
  }
  // Readable from the right only: refused all the same, for the reader's sake.
  CHECK(AmbiguousKey(Template("{A}0")).has_value());
}

TEST_CASE("ambiguity of all small templates, against counting the readings") {
  const std::vector<std::string> keys = AllKeys("a01", 7);
  for (const KeyTemplate& key : SmallTemplates()) {
    const auto example = AmbiguousKey(key);
    const bool ambiguous = std::any_of(
        keys.begin(), keys.end(), [&](const std::string& k) { return Readings(key, 0, k) > 1; });
    if (ambiguous) {
      CAPTURE(key.ToString());
      REQUIRE(example.has_value());
      CHECK(Readings(key, 0, *example) > 1);
    }
    if (example && Readings(key, 0, *example) < 2) {
      // Only the border between a number and a literal digit may be refused without being
      // ambiguous.
      bool border = false;
      for (size_t i = 0; i + 1 < key.parts.size(); ++i) {
        border =
            border ||
            (key.parts[i].kind == KeyPart::Kind::kCapture && key.parts[i].words.empty() &&
             key.parts[i + 1].kind == KeyPart::Kind::kLiteral && key.parts[i + 1].text[0] != 'a');
      }
      CAPTURE(key.ToString());
      CHECK(border);
    }
  }
}

}  // namespace
}  // namespace rr
