#include "run/kernel_compare.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "run/box_rows.h"
#include "run/kernel_copy.h"
#include "run/kernel_value.h"

namespace rr {
namespace {

constexpr int64_t kComparedAtOnce = 256;

// Elements are compared as the low bytes of a word: this code is for little-endian machines, like
// safetensors itself.
uint64_t BitsAt(const std::byte* at, uint32_t unit) {
  uint64_t bits = 0;
  std::memcpy(&bits, at, unit);
  return bits;
}

}  // namespace

std::optional<Difference> CompareBox(const StridedCopy& copy, const ValueOp* op, uint32_t src_unit,
                                     const std::byte* src, uint32_t dst_unit,
                                     const std::byte* dst) {
  std::optional<Difference> found;
  std::array<std::byte, kComparedAtOnce * 8> scratch;
  ForEachRow(copy, [&](const Row& row) {
    for (int64_t first = 0; first < row.n && !found; first += kComparedAtOnce) {
      const int64_t n = std::min(kComparedAtOnce, row.n - first);
      const int64_t src_at = row.src + first * row.src_stride;
      const int64_t dst_at = row.dst + first * row.dst_stride;
      const std::byte* values = src + src_at * src_unit;
      if (op != nullptr) {
        ConvertRow(*op, n, values, row.src_stride, scratch.data(), 1);
        values = scratch.data();
      } else if (row.src_stride != 1) {
        CopyBox({{{n, row.src_stride, 1}}, 0, 0}, src_unit, values, scratch.data());
        values = scratch.data();
      }
      const std::byte* others = dst + dst_at * dst_unit;
      if (row.dst_stride == 1 &&
          std::memcmp(values, others, static_cast<size_t>(n) * dst_unit) == 0) {
        continue;
      }
      for (int64_t i = 0; i < n && !found; ++i) {
        const uint64_t a = BitsAt(values + i * dst_unit, dst_unit);
        const uint64_t b = BitsAt(others + i * row.dst_stride * dst_unit, dst_unit);
        if (a != b)
          found = Difference{src_at + i * row.src_stride, dst_at + i * row.dst_stride, a, b};
      }
    }
  });
  return found;
}

}  // namespace rr
