// Walks a box row by row: what the kernels that look at every element share.
#ifndef RULE_RUNNER_RUN_BOX_ROWS_H_
#define RULE_RUNNER_RUN_BOX_ROWS_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "plan/box.h"
#include "plan/graph.h"

namespace rr {

// n elements at src, src + src_stride, ... and likewise in the destination; all in units.
struct Row {
  int64_t src = 0;
  int64_t src_stride = 0;
  int64_t dst = 0;
  int64_t dst_stride = 0;
  int64_t n = 0;
};

// Calls `visit(src, dst)` with the starts of every index of `dims`, the last one fastest.
template <class Visit>
void ForEachIndex(const std::vector<CopyDim>& dims, int64_t src, int64_t dst, Visit&& visit) {
  std::vector<int64_t> index(dims.size(), 0);
  while (true) {
    visit(src, dst);
    size_t d = dims.size();
    while (d > 0) {
      const CopyDim& dim = dims[d - 1];
      src += dim.src;
      dst += dim.dst;
      if (++index[d - 1] < dim.n) break;
      src -= dim.n * dim.src;
      dst -= dim.n * dim.dst;
      index[--d] = 0;
    }
    if (d == 0) return;
  }
}

// Calls `visit(const Row&)` for rows along the dim with the smallest destination stride. Where
// another dim is contiguous in the source (a transpose), rows are cut to a length whose source
// lines stay in the cache until the next row needs them. The order depends on the box alone.
template <class Visit>
void ForEachRow(StridedCopy copy, Visit&& visit) {
  if (copy.Count() == 0) return;
  FuseDims(&copy);
  Row row;
  row.n = 1;
  if (copy.dims.empty()) {
    row.src = copy.src_start;
    row.dst = copy.dst_start;
    visit(static_cast<const Row&>(row));
    return;
  }
  const CopyDim inner = copy.dims.back();
  copy.dims.pop_back();
  row.src_stride = inner.src;
  row.dst_stride = inner.dst;
  constexpr int64_t kTransposedRow = 128;
  const auto contiguous = std::find_if(copy.dims.begin(), copy.dims.end(),
                                       [](const CopyDim& dim) { return dim.src == 1; });
  const bool transposed =
      inner.src > 1 && inner.n > kTransposedRow && contiguous != copy.dims.end();
  row.n = transposed ? kTransposedRow : inner.n;
  if (transposed) {
    const CopyDim dim = *contiguous;
    copy.dims.erase(contiguous);
    copy.dims.push_back({(inner.n + row.n - 1) / row.n, row.n * inner.src, row.n * inner.dst});
    copy.dims.push_back(dim);
    const int64_t chunks = (inner.n + row.n - 1) / row.n;
    int64_t visited = 0;
    ForEachIndex(copy.dims, copy.src_start, copy.dst_start, [&](int64_t src, int64_t dst) {
      const int64_t chunk = visited++ / dim.n % chunks;
      row.src = src;
      row.dst = dst;
      row.n = std::min(kTransposedRow, inner.n - chunk * kTransposedRow);
      visit(static_cast<const Row&>(row));
    });
    return;
  }
  ForEachIndex(copy.dims, copy.src_start, copy.dst_start, [&](int64_t src, int64_t dst) {
    row.src = src;
    row.dst = dst;
    visit(static_cast<const Row&>(row));
  });
}

}  // namespace rr

#endif  // RULE_RUNNER_RUN_BOX_ROWS_H_
