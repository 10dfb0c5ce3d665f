#include "syntax/regex.h"

#include <doctest/doctest.h>

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

TEST_CASE("named groups") {
  CHECK(GroupNames("(?P<L>\\d+)\\.(?P<E>\\d+)(x)") == std::vector<std::string>{"L", "E"});
  CHECK(GroupNames("abc").empty());
  CHECK(GroupNames("(").empty());
}

}  // namespace
}  // namespace rr
