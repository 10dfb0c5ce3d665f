#include "syntax/version_range.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace rr {
namespace {

Version V(std::string_view text) {
  const std::optional<Version> version = Version::Parse(text);
  REQUIRE_MESSAGE(version, text);
  return *version;
}

VersionRange Range(const std::string& text) {
  Diagnostics diagnostics;
  const auto range = VersionRange::Parse(SpannedText::FromString(text), "peft", &diagnostics);
  REQUIRE_MESSAGE(range, text);
  return *range;
}

bool Holds(const std::string& range, std::string_view peft, std::string_view transformers = "") {
  std::map<std::string, Version> versions = {{"peft", V(peft)}};
  if (!transformers.empty()) versions.emplace("transformers", V(transformers));
  return Range(range).Holds(versions);
}

// The example of an overlap, or "".
std::string Common(const std::string& a, const std::string& b) {
  std::string example;
  std::string reverse;
  const bool overlap = Overlap(Range(a), Range(b), &example);
  CHECK(overlap == Overlap(Range(b), Range(a), &reverse));
  CHECK(overlap != example.empty());
  return example;
}

std::string Refused(const std::string& text) {
  Diagnostics diagnostics;
  CHECK_FALSE(VersionRange::Parse(SpannedText::FromString(text), "peft", &diagnostics));
  REQUIRE(diagnostics.all().size() == 1);
  const Diagnostic& found = diagnostics.all()[0];
  CHECK(found.code == Code::kBadTarget);
  return fmt::format("{}-{} {}", found.place.begin, found.place.end, found.message);
}

TEST_CASE("versions in their order") {
  const char* const kAscending[] = {
      "0.dev0",         "0",         "0.19",       "0.19.0.1",   "0.19.1",    "0.19.2.dev0",
      "0.19.2",         "0.19.10",   "5.0.0.dev0", "5.0.0.dev1", "5.0.0a1",   "5.0.0b1",
      "5.0.0b2.dev3",   "5.0.0b2",   "5.0.0rc1",   "5.0.0rc2",   "5.0.0rc10", "5",
      "5.0.post1.dev0", "5.0.post1", "5.0.1",      "10"};
  for (size_t i = 0; i < std::size(kAscending); ++i) {
    for (size_t j = 0; j < std::size(kAscending); ++j) {
      CAPTURE(kAscending[i]);
      CAPTURE(kAscending[j]);
      const int order = Compare(V(kAscending[i]), V(kAscending[j]));
      CHECK((order < 0) == (i < j));
      CHECK((order > 0) == (i > j));
    }
  }
  CHECK(Compare(V("5"), V("5.0.0")) == 0);
  CHECK(Compare(V("2.7.0+cu126"), V("2.7")) == 0);
  CHECK(Compare(V("5.0.0RC1"), V("5.0.0-rc.1")) == 0);
  CHECK(Compare(V("5.0alpha"), V("5.0a0")) == 0);
}

TEST_CASE("versions as text") {
  CHECK(V("0.19.1").ToString() == "0.19.1");
  CHECK(V("5.0.0rc1").ToString() == "5.0.0rc1");
  CHECK(V("5.16.0.dev0").ToString() == "5.16.0.dev0");
  CHECK(V("1.0-post2").ToString() == "1.0.post2");
  CHECK(V("1.0.Beta3.dev4+local").ToString() == "1.0b3.dev4");
  for (const char* bad : {"", "x", "1.", "1..2", ".1", "1.x", "1.0.foo1", "v1", "1 2", "1.0-",
                          "1.*", "99999999999", "-1", "1.0rc99999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(Version::Parse(bad));
  }
}

TEST_CASE("every operator at, below and above its version") {
  const struct {
    const char* range;
    bool below, at, above;
  } kRows[] = {{"==0.19", false, true, false}, {"!=0.19", true, false, true},
               {"<0.19", true, false, false},  {"<=0.19", true, true, false},
               {">0.19", false, false, true},  {">=0.19", false, true, true}};
  for (const auto& row : kRows) {
    CAPTURE(row.range);
    CHECK(Holds(row.range, "0.18.9") == row.below);
    CHECK(Holds(row.range, "0.19.0rc1") == row.below);
    CHECK(Holds(row.range, "0.19.0") == row.at);
    CHECK(Holds(row.range, "0.19.0.1") == row.above);
  }
}

TEST_CASE("clauses are joined, also over systems") {
  CHECK(Holds(">=0.17,<0.19.1", "0.19.0"));
  CHECK_FALSE(Holds(">=0.17,<0.19.1", "0.19.1"));
  const std::string range = " ==0.19.0 , transformers < 5 ";
  CHECK(Holds(range, "0.19", "4.57.1"));
  CHECK_FALSE(Holds(range, "0.19", "5.0"));
  CHECK_FALSE(Holds(range, "0.19.1", "4.57.1"));
  CHECK_FALSE(Holds(range, "0.19"));

  const VersionRange parsed = Range(range);
  REQUIRE(parsed.clauses.size() == 2);
  CHECK(parsed.clauses[1].system == "transformers");
  CHECK(parsed.clauses[1].op == VersionRange::Op::kLess);
  CHECK(parsed.clauses[1].place.begin == 12);
  CHECK(parsed.clauses[1].place.end == 28);
}

TEST_CASE("overlaps, with a version that shows them") {
  CHECK(Common("<5", ">=5") == "");
  CHECK(Common("<=5", ">=5") == "peft 5");
  CHECK(Common(">=0.17,<0.19.1", ">=0.19.1") == "");
  CHECK(Common(">=0.17,<0.19.1", ">=0.19") == "peft 0.19");
  CHECK(Common(">4", "<6") == "peft 5");
  CHECK(Common(">4", "<5") == "peft 4.1");
  CHECK(Common(">0.19", "<0.19.1") == "peft 0.19.0.1");
  CHECK(Common("!=1", "!=2") == "peft 3");
  CHECK(Common("==1", "!=1") == "");
  CHECK(Common("==1", "==1.0") == "peft 1");
  CHECK(Common("<1", "<2") == "peft 0");
  CHECK(Common("==0.19.0, transformers<5", "==0.19.0, transformers>=5") == "");
  CHECK(Common("<0.19", "==0.19.0, transformers<5") == "");
  CHECK(Common("<0.20", "==0.19.0, transformers<5") == "peft 0.19.0, transformers 0");
  CHECK(Common("transformers<5", "transformers>=5") == "");
  CHECK(Common("transformers<5", ">=1") == "peft 1, transformers 0");
}

TEST_CASE("overlap agrees with trying every version there could be") {
  // All versions that are or lie between the named ones, by brute force.
  const std::vector<std::string> named = {"1", "1.1rc1", "1.1"};
  const std::vector<std::string> grid = {"0",     "1.dev0",    "1",      "1.post0.dev0",
                                         "1.0.5", "1.1a1",     "1.1rc1", "1.1rc1.post1",
                                         "1.1",   "1.1.post1", "2"};
  std::vector<std::string> ranges;
  for (const char* op : {"==", "!=", "<", "<=", ">", ">="}) {
    for (const std::string& version : named) ranges.push_back(op + version);
  }
  const auto holds = [](const VersionRange& range, const std::string& version) {
    return range.Holds({{"peft", V(version)}});
  };
  for (const std::string& x : ranges) {
    for (const std::string& y : ranges) {
      for (const std::string& z : {std::string("!=1"), std::string(">1"), std::string("<1.1")}) {
        Diagnostics ignored;
        const auto a = VersionRange::Parse(SpannedText::FromString(x + "," + z), "peft", &ignored);
        const bool empty = std::none_of(grid.begin(), grid.end(), [&](const std::string& version) {
          return holds(Range(x), version) && holds(Range(z), version);
        });
        CAPTURE(x + "," + z);
        CAPTURE(y);
        CHECK(a.has_value() == !empty);
        if (!a) continue;
        const VersionRange b = Range(y);
        const bool common = std::any_of(grid.begin(), grid.end(), [&](const std::string& version) {
          return holds(*a, version) && holds(b, version);
        });
        std::string example;
        CHECK(Overlap(*a, b, &example) == common);
        if (!common) continue;
        // "peft 1.0.0.1": the example is one.
        const std::string version = example.substr(5);
        CHECK(holds(*a, version));
        CHECK(holds(b, version));
      }
    }
  }
}

TEST_CASE("what is no range") {
  CHECK(Refused("") == "0-0 a comparison is missing here");
  CHECK(Refused(">=1,") == "4-4 a comparison is missing here");
  CHECK(Refused("0.19") == "0-4 `0.19` has no comparison");
  CHECK(Refused(">=1, ~=0.19") == "5-11 `~=0.19` has no comparison");
  CHECK(Refused("=0.19") == "0-5 `=0.19` has no comparison");
  CHECK(Refused(">=x") == "0-3 `x` is no version");
  CHECK(Refused("==0.19.*") == "0-8 `0.19.*` is no version");
  CHECK(Refused(">=") == "0-2 a version is missing after `>=`");
  CHECK(Refused("{x}<5") == "0-5 `{x}` is no name of a system");
  CHECK(Refused(">=2,<1") == "0-6 no version is in `>=2,<1`");
  CHECK(Refused(">1,!=2,<1.5,>=1.5") == "0-17 no version is in `>1,!=2,<1.5,>=1.5`");
}

}  // namespace
}  // namespace rr
