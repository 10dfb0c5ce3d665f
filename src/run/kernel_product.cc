// Compiled with -ffp-contract=off (CMakeLists.txt): what is fused is written here, so that no
// compiler fuses the product with `scale` as well.
#include "run/kernel_product.h"

#include <algorithm>
#include <cmath>

namespace rr {
namespace {

constexpr int64_t kRows = 3;  // rows and bytes of a row that are summed in registers
constexpr int64_t kRowBytes = 128;

template <class T>
[[gnu::always_inline]] inline void Tile(int64_t height, int64_t width, int64_t n, int64_t rank,
                                        T scale, const T* rows, const T* columns, int64_t stride,
                                        T* delta) {
  constexpr int64_t kWidth = kRowBytes / static_cast<int64_t>(sizeof(T));
  T sums[kRows][kWidth] = {};
  if (height == kRows && width == kWidth) {
    for (int64_t k = 0; k < rank; ++k) {
      for (int64_t i = 0; i < kRows; ++i) {
        for (int64_t j = 0; j < kWidth; ++j)
          sums[i][j] = std::fma(rows[i * rank + k], columns[k * stride + j], sums[i][j]);
      }
    }
  } else {
    for (int64_t k = 0; k < rank; ++k) {
      for (int64_t i = 0; i < height; ++i) {
        for (int64_t j = 0; j < width; ++j)
          sums[i][j] = std::fma(rows[i * rank + k], columns[k * stride + j], sums[i][j]);
      }
    }
  }
  for (int64_t i = 0; i < height; ++i) {
    for (int64_t j = 0; j < width; ++j) delta[i * n + j] += scale * sums[i][j];
  }
}

template <class T>
[[gnu::always_inline]] inline void Tiles(int64_t m, int64_t n, int64_t rank, T scale, const T* rows,
                                         const T* columns, int64_t stride, T* delta) {
  constexpr int64_t kWidth = kRowBytes / static_cast<int64_t>(sizeof(T));
  for (int64_t i = 0; i < m; i += kRows) {
    for (int64_t j = 0; j < n; j += kWidth) {
      Tile(std::min(kRows, m - i), std::min(kWidth, n - j), n, rank, scale, rows + i * rank,
           columns + j, stride, delta + i * n + j);
    }
  }
}

#if defined(__x86_64__)
// Processors without FMA get the same sums from the C library, slowly.
#define RR_CLONES [[gnu::target_clones("fma", "default")]]
#else
#define RR_CLONES
#endif

RR_CLONES void Floats(int64_t m, int64_t n, int64_t rank, float scale, const float* rows,
                      const float* columns, int64_t stride, float* delta) {
  Tiles(m, n, rank, scale, rows, columns, stride, delta);
}
RR_CLONES void Doubles(int64_t m, int64_t n, int64_t rank, double scale, const double* rows,
                       const double* columns, int64_t stride, double* delta) {
  Tiles(m, n, rank, scale, rows, columns, stride, delta);
}

}  // namespace

void AddProduct(int64_t m, int64_t n, int64_t rank, double scale, const float* rows,
                const float* columns, int64_t stride, float* delta) {
  Floats(m, n, rank, static_cast<float>(scale), rows, columns, stride, delta);
}
void AddProduct(int64_t m, int64_t n, int64_t rank, double scale, const double* rows,
                const double* columns, int64_t stride, double* delta) {
  Doubles(m, n, rank, scale, rows, columns, stride, delta);
}

}  // namespace rr
