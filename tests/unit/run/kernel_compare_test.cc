#include "run/kernel_compare.h"

#include <doctest/doctest.h>

#include "memory_io.h"

namespace rr {
namespace {

TEST_CASE("the first difference, with both values") {
  for (const uint32_t unit : {1u, 2u, 4u, 8u}) {
    Bytes a(1000 * unit, std::byte{5}), b = a;
    const StridedCopy rows{{{10, 50, 40}, {40, 1, 1}}, 7, 3};
    CHECK(!CompareBox(rows, nullptr, unit, a.data(), unit, b.data()));
    b[(3 + 2 * 40 + 9) * unit] = std::byte{6};
    const auto found = CompareBox(rows, nullptr, unit, a.data(), unit, b.data());
    REQUIRE(found);
    CHECK(found->src == 7 + 2 * 50 + 9);
    CHECK(found->dst == 3 + 2 * 40 + 9);
    CHECK((found->src_bits & 0xff) == 5);
    CHECK((found->dst_bits & 0xff) == 6);
  }
}

TEST_CASE("bytes between the elements do not matter") {
  Bytes a(100, std::byte{1}), b(100, std::byte{2});
  for (size_t i = 0; i < 100; i += 5) a[i] = b[i] = std::byte{3};
  CHECK(!CompareBox({{{20, 5, 5}}, 0, 0}, nullptr, 1, a.data(), 1, b.data()));
  CHECK(CompareBox({{{20, 5, 5}}, 1, 0}, nullptr, 1, a.data(), 1, b.data()));
}

TEST_CASE("many sources for one element: destination stride 0") {
  Bytes a(30, std::byte{1}), b(10, std::byte{1});
  const StridedCopy box{{{3, 10, 0}, {10, 1, 1}}, 0, 0};
  CHECK(!CompareBox(box, nullptr, 1, a.data(), 1, b.data()));
  a[25] = std::byte{2};
  const auto found = CompareBox(box, nullptr, 1, a.data(), 1, b.data());
  REQUIRE(found);
  CHECK(found->src == 25);
  CHECK(found->dst == 5);
}

TEST_CASE(
    "values are compared as the destination's bits, so equal NaNs are equal and 0 is not -0") {
  const uint16_t source[3] = {0x3f80, 0x7fc1, 0x8000};
  uint32_t destination[3] = {0x3f800000, 0x7fc10000, 0x80000000};
  const ValueOp op{Dtype::kBF16, Dtype::kF32, {}};
  const auto compare = [&] {
    return CompareBox({{{3, 1, 1}}, 0, 0}, &op, 2, reinterpret_cast<const std::byte*>(source), 4,
                      reinterpret_cast<const std::byte*>(destination));
  };
  CHECK(!compare());
  destination[2] = 0;
  const auto found = compare();
  REQUIRE(found);
  CHECK(found->dst == 2);
  CHECK(found->src_bits == 0x80000000);
}

}  // namespace
}  // namespace rr
