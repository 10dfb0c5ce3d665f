#include "syntax/key_in_tree.h"

#include <doctest/doctest.h>

namespace rr {
namespace {

TEST_CASE("a tree with a number") {
  const KeyTree tree{"l", "v.linear_{}."};
  CHECK(BeginningWith(tree, "12") == "v.linear_12.");
  const auto found = FindInTree(tree, "v.linear_12.weight");
  REQUIRE(found.has_value());
  CHECK(found->number == "12");
  CHECK(found->rest == "weight");
  for (const char* other :
       {"v.linear_.weight", "v.linear_x.weight", "v.linear_1", "w.linear_1.x"}) {
    CAPTURE(other);
    CHECK_FALSE(FindInTree(tree, other).has_value());
  }
  CHECK(FindInTree({"v", "v."}, "v.x")->rest == "x");
  CHECK(FindInTree({"v", "v."}, "v.x")->number.empty());
}

}  // namespace
}  // namespace rr
