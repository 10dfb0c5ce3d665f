#include "plan/reads.h"

#include <algorithm>
#include <tuple>

#include "plan/box.h"

namespace rr {
namespace {

// The source side of a box: the dims that move in the source, slowest first, and where they are in
// the box.
struct SourceSide {
  std::vector<RunDim> dims;
  std::vector<size_t> index;
};

SourceSide SourceSideOf(const StridedCopy& box) {
  SourceSide side;
  for (size_t d = 0; d < box.dims.size(); ++d) {
    if (box.dims[d].n > 1 && box.dims[d].src > 0) side.index.push_back(d);
  }
  std::sort(side.index.begin(), side.index.end(), [&](size_t a, size_t b) {
    return std::tuple(-box.dims[a].src, a) < std::tuple(-box.dims[b].src, b);
  });
  for (const size_t d : side.index) side.dims.push_back({box.dims[d].n, box.dims[d].src});
  return side;
}

// The number of dims to repeat runs over that moves the fewest bytes, counting kGapCost for a run.
size_t CheapestOuter(const std::vector<RunDim>& dims, int64_t unit, int64_t* units) {
  int64_t span = 1;
  for (const RunDim& dim : dims) span += (dim.n - 1) * dim.stride;
  size_t best = 0;
  int64_t best_cost = 0, runs = 1;
  for (size_t outer = 0; outer <= dims.size(); ++outer) {
    const int64_t cost = runs * (span * unit + kGapCost);
    if (outer == 0 || cost < best_cost) {
      best = outer;
      best_cost = cost;
      *units = runs * span;
    }
    if (outer < dims.size()) {
      span -= (dims[outer].n - 1) * dims[outer].stride;
      runs *= dims[outer].n;
    }
  }
  return best;
}

int64_t End(const Region& region) { return region.start + region.run; }

auto MergeKey(const StepRead& read) {
  return std::tuple(read.kind, read.source, read.value_op, read.region.start, read.region.run);
}

}  // namespace

void AppendReads(const StridedCopy& box, const ReadLimits& limits, const StepRead& like,
                 std::vector<StepRead>* reads) {
  const SourceSide side = SourceSideOf(box);
  int64_t units = 0;
  const size_t outer = CheapestOuter(side.dims, limits.unit, &units);
  if (units > limits.budget && !side.dims.empty()) {
    // Too much at once: in parts along the slowest dim, where parts share nothing.
    const CopyDim& dim = box.dims[side.index[0]];
    const int64_t parts = std::min(dim.n, (units + limits.budget - 1) / limits.budget);
    const int64_t part = std::max<int64_t>(1, dim.n / std::max<int64_t>(2, parts));
    for (int64_t i = 0; i < dim.n; i += part) {
      StridedCopy piece = box;
      piece.dims[side.index[0]].n = std::min(part, dim.n - i);
      piece.src_start += i * dim.src;
      piece.dst_start += i * dim.dst;
      AppendReads(piece, limits, like, reads);
    }
    return;
  }
  PackedRegion packed = PackBox(box.src_start, side.dims, outer);
  StridedCopy copy = box;
  copy.src_start = 0;
  for (size_t i = 0; i < side.index.size(); ++i) copy.dims[side.index[i]].src = packed.strides[i];
  FuseDims(&copy);
  StepRead read = like;
  read.region = std::move(packed.region);
  read.copies.push_back(std::move(copy));
  reads->push_back(std::move(read));
}

void MergeReads(const std::vector<PlanTensor>& sources, uint64_t buffer_bytes,
                std::vector<StepRead>* reads) {
  if (reads->size() < 2) return;
  std::stable_sort(reads->begin(), reads->end(),
                   [](const StepRead& a, const StepRead& b) { return MergeKey(a) < MergeKey(b); });
  std::vector<StepRead> merged;
  for (StepRead& read : *reads) {
    StepRead* last = merged.empty() ? nullptr : &merged.back();
    const bool same_kind = last != nullptr && last->source == read.source &&
                           last->value_op == read.value_op && last->kind == read.kind;
    const auto outer_equal = [&] {
      return std::equal(last->region.outer.begin(), last->region.outer.end(),
                        read.region.outer.begin(), read.region.outer.end(),
                        [](RunDim a, RunDim b) { return a.n == b.n && a.stride == b.stride; });
    };
    int64_t shift = -1;
    if (same_kind && last->region.outer.empty() && read.region.outer.empty()) {
      const int64_t end = std::max(End(last->region), End(read.region));
      const uint64_t bytes =
          static_cast<uint64_t>(end - last->region.start) * sources[read.source].unit;
      if (read.region.start <= End(last->region) && bytes <= buffer_bytes) {
        shift = read.region.start - last->region.start;
        last->region.run = end - last->region.start;
      }
    } else if (same_kind && last->region.start == read.region.start &&
               last->region.run == read.region.run && outer_equal()) {
      shift = 0;
    }
    if (shift < 0) {
      merged.push_back(std::move(read));
      continue;
    }
    for (StridedCopy& copy : read.copies) {
      copy.src_start += shift;
      last->copies.push_back(std::move(copy));
    }
  }
  *reads = std::move(merged);
}

double CostOf(const Step& step, const std::vector<PlanTensor>& sources, int64_t destination_unit) {
  double cost = static_cast<double>(step.region.Count() * destination_unit +
                                    step.region.RunCount() * kWriteRunCost);
  for (const StepRead& read : step.reads) {
    const Region& region = read.region;
    const int64_t unit = sources[read.source].unit;
    // Behind a short gap the system has read ahead; behind a long one it seeks.
    int64_t next_run = kReadRunCost;
    if (!region.outer.empty()) {
      const int64_t gap = (region.outer.back().stride - region.run) * unit;
      next_run = std::clamp(kGapCost + kReadByteCost * gap, kGapCost, kReadRunCost);
    }
    cost += static_cast<double>(kReadByteCost * region.Count() * unit + kReadRunCost +
                                (region.RunCount() - 1) * next_run);
  }
  return cost;
}

}  // namespace rr
