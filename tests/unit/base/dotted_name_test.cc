#include "base/dotted_name.h"

#include <doctest/doctest.h>

namespace rr {
namespace {

using Parts = std::vector<std::string>;

TEST_CASE("a name and its parts") {
  CHECK(DottedParts("model.layers.0") == Parts{"model", "layers", "0"});
  CHECK(DottedParts("a") == Parts{"a"});
  CHECK(DottedParts("") == Parts{""});
  CHECK(DottedParts("a..b.") == Parts{"a", "", "b", ""});
}

TEST_CASE("some parts as a name") {
  const Parts parts{"model", "layers", "0", "mlp"};
  CHECK(DottedName(parts, 1, 3) == "layers.0");
  CHECK(DottedName(parts, 0, parts.size()) == "model.layers.0.mlp");
  CHECK(DottedName(parts, 2, 2) == "");
}

}  // namespace
}  // namespace rr
