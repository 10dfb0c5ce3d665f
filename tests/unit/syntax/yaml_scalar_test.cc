#include "syntax/yaml_scalar.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace rr {
namespace {

using Offsets = std::vector<uint32_t>;

// A value that the walk does not find in the source: whatever the parser meant, the place is the
// scalar's start.
TEST_CASE("where walk and value disagree, everything maps to the start") {
  const struct {
    std::string source;
    std::string value;
    bool plain;
  } kRows[] = {
      {"a: bc", "bd", true},      {"a: bc", "bcd", true},         {"a: b\n c", "bc", true},
      {"a: 'b'", "bb", false},    {"a: 'b", "b", false},          {"a: 'b'", "", false},
      {"a: \"\\q\"", "q", false}, {"a: \"\\x4\"", "\x04", false}, {"a: \"\\u00", "\xFF", false},
      {"a: |\n b", "c", false},   {"a: >\n b\n c", "bc", false},  {"a: !x", "y", false},
      {"a: \"b\\", "b", false},
  };
  for (const auto& row : kRows) {
    CAPTURE(row.source);
    const ScalarPlaces places = PlaceScalar(row.source, 3, row.value, row.plain);
    CHECK_FALSE(places.exact);
    CHECK(places.offsets == Offsets(row.value.size() + 1, 3));
    CHECK(places.end == 4);
  }
}

TEST_CASE("a start past the end of the source is its end") {
  const ScalarPlaces places = PlaceScalar("a", 9, "xy", true);
  CHECK_FALSE(places.exact);
  CHECK(places.offsets == Offsets{1, 1, 1});
  CHECK(places.end == 1);
}

TEST_CASE("an empty value") {
  CHECK(PlaceScalar("a: ''", 3, "", false).offsets == Offsets{4});
  CHECK(PlaceScalar("a: \"\" # x", 3, "", false).end == 5);
  CHECK(PlaceScalar("a: |\nb: c", 3, "", false).end == 4);
  CHECK(PlaceScalar("a: |", 3, "", false).offsets == Offsets{4});
}

}  // namespace
}  // namespace rr
