#include "plan/tiles.h"

#include <algorithm>
#include <numeric>

#include "base/shape.h"
#include "plan/box.h"

namespace rr {
namespace {

using Extents = std::vector<int64_t>;

// Grows extents in the given order of dims, each fully before the next, while the product stays
// within `limit`.
void Grow(const std::vector<CopyDim>& dims, const std::vector<size_t>& order, int64_t limit,
          Extents* extents) {
  for (const size_t d : order) {
    const int64_t others = ElementCount(*extents) / (*extents)[d];
    (*extents)[d] =
        std::max((*extents)[d], std::min(dims[d].n, limit / std::max<int64_t>(1, others)));
    if ((*extents)[d] < dims[d].n) return;
  }
}

// Cuts that leave no sliver at the end of a dim, at multiples that suit the kernels' tiles.
void Balance(const std::vector<CopyDim>& dims, Extents* extents) {
  constexpr int64_t kKernelTile = 32;
  for (size_t d = 0; d < dims.size(); ++d) {
    int64_t& extent = (*extents)[d];
    const int64_t parts = (dims[d].n + extent - 1) / extent;
    const int64_t even = (dims[d].n + parts - 1) / parts;
    const int64_t rounded = (even + kKernelTile - 1) / kKernelTile * kKernelTile;
    extent = rounded <= extent ? rounded : even;
  }
}

StridedCopy PartOf(const StridedCopy& copy, const Extents& first, const Extents& tile) {
  StridedCopy part = copy;
  for (size_t d = 0; d < copy.dims.size(); ++d) {
    part.dims[d].n = std::min(tile[d], copy.dims[d].n - first[d]);
    part.src_start += first[d] * copy.dims[d].src;
    part.dst_start += first[d] * copy.dims[d].dst;
  }
  return part;
}

// Replaces the destination of `copy` by its place in the buffer of the destination region.
void PackDestination(const PackedRegion& packed, StridedCopy* copy) {
  copy->dst_start = 0;
  for (size_t d = 0; d < copy->dims.size(); ++d) copy->dims[d].dst = packed.strides[d];
}

PackedRegion PackDestinationOf(const StridedCopy& part) {
  std::vector<RunDim> dims;
  std::vector<size_t> kept;
  for (size_t d = 0; d < part.dims.size(); ++d) {
    if (part.dims[d].n == 1) continue;
    dims.push_back({part.dims[d].n, part.dims[d].dst});
    kept.push_back(d);
  }
  PackedRegion packed = PackBox(part.dst_start, dims, DenseOuter(dims));
  std::vector<int64_t> strides(part.dims.size(), 0);
  for (size_t i = 0; i < kept.size(); ++i) strides[kept[i]] = packed.strides[i];
  packed.strides = std::move(strides);
  return packed;
}

Step StepOf(const TiledEdge& edge, const Extents& first, const Extents& tile,
            const TileContext& context) {
  Step step;
  step.destination = edge.destination;
  StridedCopy part = PartOf(edge.copy, first, tile);
  const PackedRegion packed = PackDestinationOf(part);
  step.region = packed.region;
  const auto add = [&](StridedCopy copy, const StepRead& like) {
    PackDestination(packed, &copy);
    const int64_t unit = (*context.sources)[like.source].unit;
    const int64_t budget = static_cast<int64_t>(context.buffer_bytes) / unit;
    AppendReads(copy, {unit, std::max<int64_t>(1, budget)}, like, &step.reads);
  };
  add(std::move(part), edge.like);
  for (const auto& [copy, like] : edge.compares) add(PartOf(copy, first, tile), like);
  return step;
}

// Calls `visit` with the first index of every tile, in the order of the dims.
template <class Visit>
void ForEachTile(const std::vector<CopyDim>& dims, const Extents& tile, Visit visit) {
  Extents first(dims.size(), 0);
  while (true) {
    visit(first);
    size_t d = dims.size();
    while (d > 0) {
      first[d - 1] += tile[d - 1];
      if (first[d - 1] < dims[d - 1].n) break;
      first[--d] = 0;
    }
    if (d == 0) return;
  }
}

}  // namespace

std::vector<int64_t> ChooseTile(const TiledEdge& edge, const TileContext& context) {
  const std::vector<CopyDim>& dims = edge.copy.dims;
  std::vector<size_t> by_source(dims.size()), by_destination(dims.size());
  std::iota(by_source.begin(), by_source.end(), 0);
  by_destination = by_source;
  std::stable_sort(by_source.begin(), by_source.end(), [&](size_t a, size_t b) {
    // A repeated element costs no reading: its dim comes last.
    if ((dims[a].src == 0) != (dims[b].src == 0)) return dims[b].src == 0;
    return dims[a].src < dims[b].src;
  });
  std::stable_sort(by_destination.begin(), by_destination.end(),
                   [&](size_t a, size_t b) { return dims[a].dst < dims[b].dst; });
  // How many units of a run on the source's side to start with; the destination's runs take what is
  // left.
  std::vector<int64_t> starts;
  for (int64_t n = 1; n < context.budget; n *= 2) starts.push_back(n);
  int64_t rows = 1;
  for (const size_t d : by_source) {
    if (rows <= context.budget) starts.push_back(rows);
    rows *= dims[d].n;
  }
  starts.push_back(context.budget);
  Extents best;
  double best_cost = 0;
  for (const int64_t start : starts) {
    Extents tile(dims.size(), 1);
    Grow(dims, by_source, start, &tile);
    Grow(dims, by_destination, context.budget, &tile);
    Grow(dims, by_source, context.budget, &tile);
    Balance(dims, &tile);
    const double cost = TileCost(edge, tile, context);
    if (best.empty() || cost < best_cost) {
      best = tile;
      best_cost = cost;
    }
  }
  return best;
}

double TileCost(const TiledEdge& edge, const std::vector<int64_t>& tile,
                const TileContext& context) {
  const Step step = StepOf(edge, Extents(tile.size(), 0), tile, context);
  const double tiles =
      static_cast<double>(edge.copy.Count()) / static_cast<double>(ElementCount(tile));
  return CostOf(step, *context.sources, context.destination_unit) * tiles;
}

void AppendTiles(const TiledEdge& edge, const std::vector<int64_t>& tile,
                 const TileContext& context, std::vector<Step>* steps) {
  ForEachTile(edge.copy.dims, tile,
              [&](const Extents& first) { steps->push_back(StepOf(edge, first, tile, context)); });
}

bool AppendHoles(const StridedCopy& box, uint32_t destination, int64_t budget,
                 std::vector<Step>* steps) {
  const std::vector<CopyDim>& dims = box.dims;
  std::vector<int64_t> inner(dims.size());  // units that one index of a dim spans
  int64_t span = 1;
  for (size_t d = dims.size(); d-- > 0;) {
    if (dims[d].dst < span) return false;
    inner[d] = span;
    span += (dims[d].n - 1) * dims[d].dst;
  }
  for (size_t d = 0; d < dims.size(); ++d) {
    const int64_t gap = dims[d].dst - inner[d];
    if (gap == 0) continue;
    StridedCopy hole{
        {dims.begin(), dims.begin() + static_cast<ptrdiff_t>(d)}, 0, box.dst_start + inner[d]};
    hole.dims.push_back({dims[d].n - 1, 0, dims[d].dst});
    hole.dims.push_back({gap, 0, 1});
    Extents tile(hole.dims.size(), 1);
    std::vector<size_t> innermost_first(hole.dims.size());
    std::iota(innermost_first.rbegin(), innermost_first.rend(), 0);
    Grow(hole.dims, innermost_first, budget, &tile);
    ForEachTile(hole.dims, tile, [&](const Extents& first) {
      Step step;
      step.destination = destination;
      step.region = PackDestinationOf(PartOf(hole, first, tile)).region;
      step.zero_fill = true;
      steps->push_back(std::move(step));
    });
  }
  return true;
}

}  // namespace rr
