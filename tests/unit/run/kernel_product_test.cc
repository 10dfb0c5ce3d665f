#include "run/kernel_product.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rr {
namespace {

TEST_CASE("every element is summed over the rank from first to last, then scaled") {
  // 7 x 45 leaves parts of tiles on both sides; the columns lie in a wider matrix.
  constexpr int64_t kM = 7, kN = 45, kRank = 3, kStride = 50;
  std::vector<float> rows(kM * kRank), columns(kRank * kStride), delta(kM * kN, 0.5f);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(i) + 0.1f;
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = static_cast<float>(i) * 1.7f - 9.3f;
  AddProduct(kM, kN, kRank, 0.3, rows.data(), columns.data(), kStride, delta.data());
  int wrong = 0;
  for (int64_t i = 0; i < kM; ++i) {
    for (int64_t j = 0; j < kN; ++j) {
      volatile float sum = 0;  // rounded at each step
      for (int64_t k = 0; k < kRank; ++k) {
        sum = std::fma(rows[static_cast<std::size_t>(i * kRank + k)],
                       columns[static_cast<std::size_t>(k * kStride + j)], sum);
      }
      volatile float scaled = 0.3f * sum;
      volatile float expected = 0.5f + scaled;
      wrong += delta[static_cast<std::size_t>(i * kN + j)] != expected;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("the order is kept where another would round differently") {
  // 2^24 + 1 + 1 is 2^24 in float32; 1 + 1 + 2^24 is not.
  const float ones[3] = {1, 1, 1};
  const float falling[3] = {16777216, 1, 1}, rising[3] = {1, 1, 16777216};
  float delta[2] = {0, 0};
  AddProduct(1, 1, 3, 1, ones, falling, 1, &delta[0]);
  AddProduct(1, 1, 3, 1, ones, rising, 1, &delta[1]);
  CHECK(delta[0] == 16777216);
  CHECK(delta[1] == 16777218);
}

TEST_CASE("products are not rounded before they are added, sums are before they are scaled") {
  // (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24, of which float32 drops the last term.
  const float x = 1.0f + 0x1p-12f;
  const float rows[2] = {1, x}, columns[2] = {-1.0f - 0x1p-11f, x};
  float delta = 0;
  AddProduct(1, 1, 2, 1, rows, columns, 1, &delta);
  CHECK(delta == 0x1p-24f);
  // x * x is rounded before it is added to `delta`.
  const float one = 1;
  delta = -1.0f - 0x1p-11f;
  AddProduct(1, 1, 1, x, &x, &one, 1, &delta);
  CHECK(delta == 0);
}

TEST_CASE("doubles") {
  const double rows[2] = {3, 5}, columns[2] = {7, 11};
  double delta[2] = {1, 2};
  AddProduct(2, 1, 1, 2, rows, columns, 1, delta);
  CHECK(delta[0] == 43);
  CHECK(delta[1] == 72);
}

}  // namespace
}  // namespace rr
