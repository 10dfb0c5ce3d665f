// Transposes in square tiles. A tile writes whole cache lines: a line of the destination that is
// written in pieces at different times costs two trips to memory, and strides that are powers of
// two evict it in between. The vector kernels transpose a block in registers; what is left at the
// edges, and other processors, use the portable one.
#include <algorithm>
#include <cstring>

#include "run/kernel_copy.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace rr {
namespace {

constexpr int64_t kTile = 32;

struct Part {
  int64_t row = 0, column = 0;  // first of src
  int64_t rows = 0, columns = 0;
};

// Steps of 1 are known to the compiler when kDense is set.
template <size_t kUnit, bool kDense>
void TransposePart(const TransposeShape& shape, const Part& part, const std::byte* src,
                   std::byte* dst) {
  constexpr int64_t kBytes = kUnit;
  const int64_t src_step = kDense ? 1 : shape.src_step, dst_step = kDense ? 1 : shape.dst_step;
  for (int64_t i = part.column; i < part.column + part.columns; ++i) {
    const std::byte* from = src + (part.row * shape.src_stride + i * src_step) * kBytes;
    std::byte* to = dst + (i * shape.dst_stride + part.row * dst_step) * kBytes;
    for (int64_t j = 0; j < part.rows; ++j) {
      std::memcpy(to + j * dst_step * kBytes, from + j * shape.src_stride * kBytes, kUnit);
    }
  }
}

bool IsDense(const TransposeShape& shape) { return shape.src_step == 1 && shape.dst_step == 1; }

// Strips of kTile rows of src, all columns: each strip reads kTile streams and writes whole lines.
template <class TileKernel>
void ForEachTile(const TransposeShape& shape, TileKernel&& kernel) {
  for (int64_t row = 0; row < shape.rows; row += kTile) {
    const int64_t rows = std::min(kTile, shape.rows - row);
    for (int64_t column = 0; column < shape.columns; column += kTile) {
      kernel(Part{row, column, rows, std::min(kTile, shape.columns - column)});
    }
  }
}

template <size_t kUnit>
void TransposePortableOf(const TransposeShape& shape, const std::byte* src, std::byte* dst) {
  ForEachTile(shape, [&](const Part& part) {
    if (IsDense(shape)) {
      TransposePart<kUnit, true>(shape, part, src, dst);
    } else {
      TransposePart<kUnit, false>(shape, part, src, dst);
    }
  });
}

#if defined(__x86_64__)

// Two rows half a block apart in the two halves of a register: the in-lane unpacks of AVX2 then
// give whole columns.
__attribute__((target("avx2"))) inline __m256i LoadPair(const std::byte* low,
                                                        const std::byte* high) {
  const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(low));
  const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(high));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
}

__attribute__((target("avx2"))) inline void Store(std::byte* to, __m256i value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value);
}

// 16 rows x 8 columns of 16-bit units.
__attribute__((target("avx2"))) inline void Block16(const std::byte* src, int64_t src_bytes,
                                                    std::byte* dst, int64_t dst_bytes) {
  __m256i r[8], t[8];
  for (int k = 0; k < 8; ++k) r[k] = LoadPair(src + k * src_bytes, src + (k + 8) * src_bytes);
  for (int k = 0; k < 4; ++k) {
    t[2 * k] = _mm256_unpacklo_epi16(r[2 * k], r[2 * k + 1]);
    t[2 * k + 1] = _mm256_unpackhi_epi16(r[2 * k], r[2 * k + 1]);
  }
  for (int k = 0; k < 2; ++k) {
    r[4 * k] = _mm256_unpacklo_epi32(t[4 * k], t[4 * k + 2]);
    r[4 * k + 1] = _mm256_unpackhi_epi32(t[4 * k], t[4 * k + 2]);
    r[4 * k + 2] = _mm256_unpacklo_epi32(t[4 * k + 1], t[4 * k + 3]);
    r[4 * k + 3] = _mm256_unpackhi_epi32(t[4 * k + 1], t[4 * k + 3]);
  }
  for (int k = 0; k < 4; ++k) {
    Store(dst + 2 * k * dst_bytes, _mm256_unpacklo_epi64(r[k], r[k + 4]));
    Store(dst + (2 * k + 1) * dst_bytes, _mm256_unpackhi_epi64(r[k], r[k + 4]));
  }
}

// 8 rows x 4 columns of 32-bit units.
__attribute__((target("avx2"))) inline void Block32(const std::byte* src, int64_t src_bytes,
                                                    std::byte* dst, int64_t dst_bytes) {
  __m256i r[4], t[4];
  for (int k = 0; k < 4; ++k) r[k] = LoadPair(src + k * src_bytes, src + (k + 4) * src_bytes);
  for (int k = 0; k < 2; ++k) {
    t[2 * k] = _mm256_unpacklo_epi32(r[2 * k], r[2 * k + 1]);
    t[2 * k + 1] = _mm256_unpackhi_epi32(r[2 * k], r[2 * k + 1]);
  }
  for (int k = 0; k < 2; ++k) {
    Store(dst + 2 * k * dst_bytes, _mm256_unpacklo_epi64(t[k], t[k + 2]));
    Store(dst + (2 * k + 1) * dst_bytes, _mm256_unpackhi_epi64(t[k], t[k + 2]));
  }
}

template <size_t kUnit>
__attribute__((target("avx2"))) void TransposeAvx2(const TransposeShape& shape,
                                                   const std::byte* src, std::byte* dst) {
  static_assert(kUnit == 2 || kUnit == 4);
  constexpr int64_t kBytes = kUnit;
  constexpr int64_t kRows = 32 / kBytes, kColumns = 16 / kBytes;  // of a block
  const int64_t src_bytes = shape.src_stride * kBytes, dst_bytes = shape.dst_stride * kBytes;
  for (int64_t row = 0; row < shape.rows; row += kTile) {
    const int64_t rows = std::min(kTile, shape.rows - row);
    for (int64_t column = 0; column < shape.columns; column += kTile) {
      const Part part{row, column, rows, std::min(kTile, shape.columns - column)};
      if (part.rows < kTile || part.columns < kTile) {
        TransposePart<kUnit, true>(shape, part, src, dst);
        continue;
      }
      const std::byte* from = src + row * src_bytes + column * kBytes;
      std::byte* to = dst + column * dst_bytes + row * kBytes;
      for (int64_t i = 0; i < kTile; i += kColumns) {
        for (int64_t j = 0; j < kTile; j += kRows) {
          const std::byte* block = from + j * src_bytes + i * kBytes;
          std::byte* out = to + i * dst_bytes + j * kBytes;
          if constexpr (kUnit == 2) {
            Block16(block, src_bytes, out, dst_bytes);
          } else {
            Block32(block, src_bytes, out, dst_bytes);
          }
        }
      }
    }
  }
}

bool HasAvx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

#endif

}  // namespace

void TransposePortable(const TransposeShape& shape, uint32_t unit, const std::byte* src,
                       std::byte* dst) {
  switch (unit) {
    case 1:
      return TransposePortableOf<1>(shape, src, dst);
    case 2:
      return TransposePortableOf<2>(shape, src, dst);
    case 4:
      return TransposePortableOf<4>(shape, src, dst);
    default:
      return TransposePortableOf<8>(shape, src, dst);
  }
}

void Transpose(const TransposeShape& shape, uint32_t unit, const std::byte* src, std::byte* dst) {
#if defined(__x86_64__)
  const bool vectors = IsDense(shape) && HasAvx2();
  if (unit == 2 && vectors) return TransposeAvx2<2>(shape, src, dst);
  if (unit == 4 && vectors) return TransposeAvx2<4>(shape, src, dst);
#endif
  TransposePortable(shape, unit, src, dst);
}

}  // namespace rr
