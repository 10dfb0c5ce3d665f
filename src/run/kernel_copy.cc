#include "run/kernel_copy.h"

#include <cstring>
#include <vector>

#include "run/box_rows.h"

namespace rr {
namespace {

// Rows shorter than this on one side are moved along the other one.
constexpr int64_t kSmallestTile = 8;
constexpr int64_t kLine = 64;  // bytes of a cache line

// memcpy of a constant size is a load and a store: any alignment, no aliasing.
template <size_t kUnit, int64_t kSrcStride, int64_t kDstStride>
void CopyElements(int64_t n, const std::byte* __restrict src, int64_t src_step,
                  std::byte* __restrict dst, int64_t dst_step) {
  // Strides known to the compiler let it use vectors; 0 means that they are not.
  const int64_t s = kSrcStride > 0 ? kSrcStride * static_cast<int64_t>(kUnit) : src_step;
  const int64_t d = kDstStride > 0 ? kDstStride * static_cast<int64_t>(kUnit) : dst_step;
  for (int64_t i = 0; i < n; ++i) std::memcpy(dst + i * d, src + i * s, kUnit);
}

template <size_t kUnit>
void CopyRowOf(const Row& row, const std::byte* src, std::byte* dst) {
  constexpr int64_t kBytes = kUnit;
  const std::byte* from = src + row.src * kBytes;
  std::byte* to = dst + row.dst * kBytes;
  const int64_t s = row.src_stride * kBytes, d = row.dst_stride * kBytes;
  if (row.src_stride == 1 && row.dst_stride == 1) {
    std::memcpy(to, from, static_cast<size_t>(row.n) * kUnit);
  } else if (row.src_stride == 1 && row.dst_stride == 2) {
    CopyElements<kUnit, 1, 2>(row.n, from, s, to, d);
  } else if (row.src_stride == 2 && row.dst_stride == 1) {
    CopyElements<kUnit, 2, 1>(row.n, from, s, to, d);
  } else {
    CopyElements<kUnit, 0, 0>(row.n, from, s, to, d);
  }
}

using RowCopier = void (*)(const Row&, const std::byte*, std::byte*);

RowCopier RowCopierFor(uint32_t unit) {
  switch (unit) {
    case 1:
      return CopyRowOf<1>;
    case 2:
      return CopyRowOf<2>;
    case 4:
      return CopyRowOf<4>;
    default:
      return CopyRowOf<8>;
  }
}

}  // namespace

void CopyBox(const StridedCopy& box, uint32_t unit, const std::byte* src, std::byte* dst) {
  if (box.Count() == 0) return;
  StridedCopy copy = box;
  FuseDims(&copy);
  const RowCopier copy_row = RowCopierFor(unit);
  if (copy.dims.empty()) {
    copy_row({copy.src_start, 1, copy.dst_start, 1, 1}, src, dst);
    return;
  }
  // The dim that a row runs along: the one with the smallest step in the destination, unless
  // another one has a smaller step in the source. With both in reach of a cache line that is a
  // transpose; else the longer one makes fewer rows.
  size_t along = copy.dims.size() - 1;
  const CopyDim to = copy.dims[along];
  auto nearest = copy.dims.end() - 1;
  for (auto dim = copy.dims.begin(); dim != copy.dims.end(); ++dim) {
    if (dim->src > 0 && dim->src < nearest->src) nearest = dim;
  }
  if (nearest != copy.dims.end() - 1) {
    const CopyDim from = *nearest;
    const bool in_reach = from.src * unit < kLine && to.dst * unit < kLine;
    if (in_reach && to.dst > 0 && to.n >= kSmallestTile && from.n >= kSmallestTile) {
      copy.dims.pop_back();
      copy.dims.erase(nearest);
      const TransposeShape shape{to.n, from.n, to.src, from.dst, from.src, to.dst};
      ForEachIndex(copy.dims, copy.src_start, copy.dst_start, [&](int64_t s, int64_t d) {
        Transpose(shape, unit, src + s * unit, dst + d * unit);
      });
      return;
    }
    if (from.n > to.n) along = static_cast<size_t>(nearest - copy.dims.begin());
  }
  const CopyDim dim = copy.dims[along];
  copy.dims.erase(copy.dims.begin() + static_cast<ptrdiff_t>(along));
  ForEachIndex(copy.dims, copy.src_start, copy.dst_start, [&](int64_t s, int64_t d) {
    copy_row({s, dim.src, d, dim.dst, dim.n}, src, dst);
  });
}

}  // namespace rr
