#include "run/check_known.h"

#include <doctest/doctest.h>

#include <cstring>

#include "plan/conversion.h"

namespace rr {
namespace {

MemoryTensors Floats(const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return MemoryTensors({std::move(bytes)});
}

// Every third of six elements, from the second on: elements 1 and 4.
Conversion Thirds(double value, std::optional<ValueOp> op, bool required) {
  Conversion conversion;
  conversion.graph.sources = {{"t", Dtype::kF32, {6}}};
  conversion.known = {{0, {{{2, 3, 3}}, 1, 1}, value, std::move(op), required, "`n.z`"}};
  return conversion;
}

TEST_CASE("known elements are compared with what the source stores for the value") {
  const MemoryTensors tensors = Floats({7, 2.5F, 7, 7, 2.5F, 7});
  Diagnostics diagnostics;
  std::vector<std::string> notes;
  const ValueOp one_more{Dtype::kF64, Dtype::kF32, {{ValueStep::Kind::kAdd, 1, Dtype::kF64}}};
  CHECK(CheckKnown(Thirds(1.5, one_more, true), tensors, &notes, &diagnostics));
  CHECK(diagnostics.all().empty());
  CHECK(notes.empty());

  CHECK(!CheckKnown(Thirds(2.5, one_more, true), tensors, &notes, &diagnostics));
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.all()[0].code == Code::kPartialConversion);
  CHECK(diagnostics.all()[0].message == "t has 2 elements in `n.z` that are not 2.5");
  CHECK(notes.empty());
}

TEST_CASE("padding is zero, to the bit, or is counted") {
  Diagnostics diagnostics;
  std::vector<std::string> notes;
  CHECK(
      CheckKnown(Thirds(0, std::nullopt, true), Floats({7, 0, 7, 7, 0, 7}), &notes, &diagnostics));
  const MemoryTensors one_is_not = Floats({7, 0, 7, 7, -0.0F, 7});
  CHECK(CheckKnown(Thirds(0, std::nullopt, false), one_is_not, &notes, &diagnostics));
  CHECK(notes == std::vector<std::string>{"t has 1 elements in `n.z` that are not 0"});
  CHECK(diagnostics.all().empty());
  CHECK(!CheckKnown(Thirds(0, std::nullopt, true), one_is_not, &notes, &diagnostics));
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.all()[0].code == Code::kLossyConversion);
}

}  // namespace
}  // namespace rr
