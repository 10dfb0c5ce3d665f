#include "plan/box.h"

#include <algorithm>

namespace rr {
namespace {

Interval IntervalOf(const StridedCopy& copy, int64_t start, int64_t CopyDim::*stride) {
  int64_t last = start;
  for (const CopyDim& dim : copy.dims) {
    if (dim.n == 0) return {start, start};
    last += (dim.n - 1) * (dim.*stride);
  }
  return {start, last + 1};
}

// The parts within `within` of the box made of dims[depth..], moved to the given starts; `prefix`
// are the dims outside. Indices of dims[depth] fall into three stretches: those whose inner box may
// be cut on the left, those that are inside as a whole, and those that may be cut on the right.
void ClipFrom(const StridedCopy& copy, size_t depth, int64_t src, int64_t dst, Interval within,
              std::vector<StridedCopy>* parts) {
  int64_t span = 1;
  for (size_t d = depth; d < copy.dims.size(); ++d) {
    span += (copy.dims[d].n - 1) * copy.dims[d].dst;
  }
  if (dst >= within.hi || dst + span <= within.lo) return;
  if (dst >= within.lo && dst + span <= within.hi) {
    parts->push_back(
        {{copy.dims.begin() + static_cast<ptrdiff_t>(depth), copy.dims.end()}, src, dst});
    return;
  }
  const CopyDim& dim = copy.dims[depth];  // a single unit is inside or outside, so there is a dim
  const int64_t inner = span - (dim.n - 1) * dim.dst;
  if (dim.dst == 0) {
    for (int64_t i = 0; i < dim.n; ++i)
      ClipFrom(copy, depth + 1, src + i * dim.src, dst, within, parts);
    return;
  }
  const auto ceil_div = [](int64_t a, int64_t b) { return a <= 0 ? int64_t{0} : (a + b - 1) / b; };
  // [first, last) touch the interval, [whole_first, whole_last) are inside it.
  const int64_t first = std::min(dim.n, ceil_div(within.lo - inner + 1 - dst, dim.dst));
  const int64_t last = std::min(dim.n, ceil_div(within.hi - dst, dim.dst));
  const int64_t whole_first = std::clamp(ceil_div(within.lo - dst, dim.dst), first, last);
  const int64_t whole_last =
      std::clamp(ceil_div(within.hi - inner + 1 - dst, dim.dst), whole_first, last);
  for (int64_t i = first; i < whole_first; ++i) {
    ClipFrom(copy, depth + 1, src + i * dim.src, dst + i * dim.dst, within, parts);
  }
  if (whole_first < whole_last) {
    StridedCopy part{{copy.dims.begin() + static_cast<ptrdiff_t>(depth), copy.dims.end()},
                     src + whole_first * dim.src,
                     dst + whole_first * dim.dst};
    part.dims[0].n = whole_last - whole_first;
    if (part.dims[0].n == 1) part.dims.erase(part.dims.begin());
    parts->push_back(std::move(part));
  }
  for (int64_t i = whole_last; i < last; ++i) {
    ClipFrom(copy, depth + 1, src + i * dim.src, dst + i * dim.dst, within, parts);
  }
}

}  // namespace

Interval SourceInterval(const StridedCopy& copy) {
  return IntervalOf(copy, copy.src_start, &CopyDim::src);
}

Interval DestinationInterval(const StridedCopy& copy) {
  return IntervalOf(copy, copy.dst_start, &CopyDim::dst);
}

void SortDims(StridedCopy* copy) {
  std::vector<CopyDim>& dims = copy->dims;
  for (const CopyDim& dim : dims) {
    if (dim.n == 0) {
      dims = {{0, 0, 0}};
      return;
    }
  }
  std::erase_if(dims,
                [](const CopyDim& dim) { return dim.n == 1 || (dim.src == 0 && dim.dst == 0); });
  std::sort(dims.begin(), dims.end(), [](const CopyDim& a, const CopyDim& b) {
    if (a.dst != b.dst) return a.dst > b.dst;
    if (a.src != b.src) return a.src > b.src;
    return a.n > b.n;
  });
}

void FuseDims(StridedCopy* copy) {
  SortDims(copy);
  std::vector<CopyDim> fused;
  for (const CopyDim& dim : copy->dims) {
    if (!fused.empty() && fused.back().src == dim.n * dim.src &&
        fused.back().dst == dim.n * dim.dst) {
      fused.back() = {fused.back().n * dim.n, dim.src, dim.dst};
    } else {
      fused.push_back(dim);
    }
  }
  copy->dims = std::move(fused);
}

void ClipDestination(const StridedCopy& copy, Interval within, std::vector<StridedCopy>* parts) {
  if (copy.Count() > 0) ClipFrom(copy, 0, copy.src_start, copy.dst_start, within, parts);
}

PackedRegion PackBox(int64_t start, const std::vector<RunDim>& dims, size_t outer) {
  PackedRegion packed;
  packed.region.start = start;
  packed.region.run = 1;
  packed.strides.resize(dims.size());
  for (size_t d = outer; d < dims.size(); ++d) {
    packed.region.run += (dims[d].n - 1) * dims[d].stride;
    packed.strides[d] = dims[d].stride;
  }
  packed.region.outer.assign(dims.begin(), dims.begin() + static_cast<ptrdiff_t>(outer));
  int64_t size = packed.region.run;
  for (size_t d = outer; d-- > 0;) {
    packed.strides[d] = size;
    size *= dims[d].n;
  }
  return packed;
}

size_t DenseOuter(const std::vector<RunDim>& dims) {
  int64_t run = 1;
  size_t outer = dims.size();
  while (outer > 0 && dims[outer - 1].stride == run) run *= dims[--outer].n;
  return outer;
}

}  // namespace rr
