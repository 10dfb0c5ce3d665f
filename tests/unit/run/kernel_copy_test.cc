#include "run/kernel_copy.h"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "memory_io.h"

namespace rr {
namespace {

Bytes Numbered(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 131 + i / 251);
  return bytes;
}

// What CopyBox must do, one unit at a time.
void CopyOneByOne(const StridedCopy& copy, uint32_t unit, const std::byte* src, std::byte* dst) {
  for (int64_t i = 0; i < copy.Count(); ++i) {
    int64_t rest = i, from = copy.src_start, to = copy.dst_start;
    for (const CopyDim& dim : copy.dims) {
      from += rest % dim.n * dim.src;
      to += rest % dim.n * dim.dst;
      rest /= dim.n;
    }
    std::memcpy(dst + to * unit, src + from * unit, unit);
  }
}

TEST_CASE("boxes of every form, every unit, at odd addresses") {
  const StridedCopy boxes[] = {
      {{}, 3, 4},
      {{{7, 1, 1}}, 1, 2},
      {{{5, 0, 1}}, 3, 0},
      {{{50, 1, 2}}, 0, 1},
      {{{50, 2, 1}}, 1, 0},
      {{{9, 3, 5}}, 2, 2},
      {{{4, 20, 9}, {9, 1, 1}}, 1, 1},
      {{{3, 1, 5}, {5, 3, 1}}, 0, 0},
      {{{33, 1, 70}, {70, 33, 1}}, 0, 0},
      {{{70, 1, 40}, {40, 75, 1}}, 2, 5},
      {{{33, 2, 70}, {70, 66, 1}}, 1, 0},
      {{{33, 1, 140}, {70, 33, 2}}, 0, 1},
      {{{12, 3, 200}, {20, 40, 5}}, 0, 1},
      {{{100, 1, 2}, {2, 100, 1}}, 0, 0},
      {{{2, 1, 100}, {100, 2, 1}}, 0, 0},
      {{{3, 2100, 2050}, {32, 1, 64}, {64, 32, 1}}, 0, 0},
      {{{10, 7, 60}, {6, 0, 10}, {5, 70, 2}}, 0, 1},
      {{{3, 1, 1}, {0, 1, 1}}, 0, 0},
  };
  for (const StridedCopy& box : boxes) {
    for (const uint32_t unit : {1u, 2u, 4u, 8u}) {
      for (const size_t odd : {0u, 1u, 3u}) {
        const Bytes source = Numbered(10000 * unit + odd);
        Bytes want(10000 * unit + odd, std::byte{0xcc}), got = want;
        CopyOneByOne(box, unit, source.data() + odd, want.data() + odd);
        CopyBox(box, unit, source.data() + odd, got.data() + odd);
        CHECK(got == want);
      }
    }
  }
}

TEST_CASE("transposes of all sizes around a tile, vector and portable") {
  for (const uint32_t unit : {1u, 2u, 4u, 8u}) {
    for (const int64_t rows : {1, 7, 31, 32, 33, 64, 97}) {
      for (const int64_t columns : {1, 8, 31, 32, 65, 96}) {
        const TransposeShape shape{rows, columns, columns + 3, rows + 5};
        const size_t size = 128 * 128 * unit;
        const Bytes source = Numbered(size + 1);
        Bytes want(size + 1, std::byte{0xcc}), got = want, portable = want;
        const StridedCopy box{{{columns, 1, rows + 5}, {rows, columns + 3, 1}}, 0, 0};
        CopyOneByOne(box, unit, source.data() + 1, want.data() + 1);
        Transpose(shape, unit, source.data() + 1, got.data() + 1);
        TransposePortable(shape, unit, source.data() + 1, portable.data() + 1);
        CHECK(got == want);
        CHECK(portable == want);
      }
    }
  }
}

}  // namespace
}  // namespace rr
