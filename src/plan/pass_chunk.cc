// Per destination tensor: edges whose destination intervals overlap form a cluster (gate and up of
// a fused transposed tensor, all layers of a stacked one). Clusters that fit the buffer, and the
// gaps between them, are packed into blocks of up to a buffer, each written as one run. A larger
// cluster is either cut into blocks, with every edge clipped to each of them, or, where that would
// read in scattered small runs, tiled edge by edge; the cheaper of the two by CostOf.
//
// Single elements that alternate between edges never become writes of single elements: such writes
// cost more than whatever the blocks read.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <stdexcept>
#include <tuple>

#include "plan/box.h"
#include "plan/passes.h"
#include "plan/reads.h"
#include "plan/tiles.h"

namespace rr {
namespace {

struct PlacedEdge {
  const Edge* edge = nullptr;
  StridedCopy copy;   // sorted dims
  Interval interval;  // of the destination
};

StepRead ReadLike(const Edge& edge) {
  StepRead like;
  like.source = edge.source;
  like.value_op = edge.value_op;
  like.kind = edge.kind;
  return like;
}

class DestinationChunker {
 public:
  DestinationChunker(const PlanOptions& options, uint32_t destination, Plan* plan)
      : plan_(plan),
        destination_(destination),
        buffer_bytes_(std::max<uint64_t>(options.buffer_bytes, 8)),
        unit_(plan->destinations[destination].unit),
        budget_(static_cast<int64_t>(buffer_bytes_) / unit_) {}

  void Run(std::vector<PlacedEdge> edges) {
    std::sort(edges.begin(), edges.end(), [](const PlacedEdge& a, const PlacedEdge& b) {
      return std::tuple(a.interval.lo, a.edge) < std::tuple(b.interval.lo, b.edge);
    });
    const std::span<const PlacedEdge> all(edges);
    size_t first = 0;
    while (first < all.size()) {
      Interval cluster = all[first].interval;
      size_t end = first + 1;
      for (; end < all.size() && all[end].interval.lo < cluster.hi; ++end) {
        cluster.hi = std::max(cluster.hi, all[end].interval.hi);
      }
      AddCluster(cluster, all.subspan(first, end - first));
      first = end;
    }
    AddZeros(plan_->destinations[destination_].count);
    Flush();
  }

 private:
  // Clusters come in order; [pending_.lo, pending_.hi) is a block that is not yet a step.
  void AddCluster(Interval cluster, std::span<const PlacedEdge> edges) {
    AddZeros(cluster.lo);
    if (cluster.hi - pending_.lo > budget_) Flush();
    if (cluster.size() <= BlockBudget(edges)) {
      pending_.hi = cluster.hi;
      pending_edges_.insert(pending_edges_.end(), edges.begin(), edges.end());
      return;
    }
    ChunkLarge(cluster, edges);
    pending_ = {cluster.hi, cluster.hi};
  }

  // Extends the pending block over units that no edge reaches.
  void AddZeros(int64_t end) {
    while (end - pending_.lo > budget_) {
      pending_.hi = pending_.lo + budget_;
      Flush();
    }
    pending_.hi = std::max(pending_.hi, end);
  }

  void Flush() {
    if (pending_.size() > 0) plan_->steps.push_back(BlockOf(pending_, pending_edges_));
    pending_ = {pending_.hi, pending_.hi};
    pending_edges_.clear();
  }

  Step BlockOf(Interval block, std::span<const PlacedEdge> edges) const {
    Step step;
    step.destination = destination_;
    step.region.start = block.lo;
    step.region.run = block.size();
    int64_t covered = 0;
    std::vector<StridedCopy> parts;
    for (const PlacedEdge& placed : edges) {
      parts.clear();
      ClipDestination(placed.copy, block, &parts);
      const int64_t unit = plan_->sources[placed.edge->source].unit;
      for (StridedCopy& part : parts) {
        if (placed.edge->kind == EdgeKind::kCopy) covered += part.Count();
        part.dst_start -= block.lo;
        AppendReads(part, {unit, static_cast<int64_t>(buffer_bytes_) / unit},
                    ReadLike(*placed.edge), &step.reads);
      }
    }
    step.zero_fill = covered < block.size();
    MergeReads(plan_->sources, buffer_bytes_, &step.reads);  // sorts: compares come last
    return step;
  }

  void ChunkLarge(Interval cluster, std::span<const PlacedEdge> edges) {
    const int64_t block = BlockSize(cluster, edges);
    if (edges.size() > 1 || !IsRun(edges[0].copy)) {
      const std::vector<TiledEdge> tiled = TileableEdges(cluster, edges);
      const TileContext context{&plan_->sources, unit_, budget_, buffer_bytes_};
      std::vector<std::vector<int64_t>> tiles;
      double tile_cost = 0;
      for (const TiledEdge& edge : tiled) {
        tiles.push_back(ChooseTile(edge, context));
        tile_cost += TileCost(edge, tiles.back(), context);
      }
      // Blocks are simpler to write, and costs are estimates: tiles must win clearly.
      if (!tiled.empty() && tile_cost < 0.9 * BlockCost(cluster, block, edges)) {
        for (size_t i = 0; i < tiled.size(); ++i) {
          AppendTiles(tiled[i], tiles[i], context, &plan_->steps);
        }
        if (tiled.size() == 1) AppendHoles(tiled[0].copy, destination_, budget_, &plan_->steps);
        return;
      }
    }
    for (int64_t lo = cluster.lo; lo < cluster.hi; lo += block) {
      plan_->steps.push_back(BlockOf({lo, std::min(lo + block, cluster.hi)}, edges));
    }
  }

  static bool IsRun(const StridedCopy& copy) {
    return copy.dims.size() == 1 && copy.dims[0].src == 1 && copy.dims[0].dst == 1;
  }

  // Destination units that a block may have. Many edges that interleave in pieces shorter than a
  // cache line visit every line of a block many times, so that the block should stay in a core's
  // own cache.
  int64_t BlockBudget(std::span<const PlacedEdge> edges) const {
    constexpr size_t kMany = 8;
    constexpr int64_t kLine = 64, kCache = 1 << 20;
    if (edges.size() < kMany) return budget_;
    for (const PlacedEdge& placed : edges) {
      const std::vector<CopyDim>& dims = placed.copy.dims;
      const int64_t run = !dims.empty() && dims.back().dst == 1 ? dims.back().n : 1;
      if (run * unit_ >= kLine) return budget_;
    }
    return std::min(budget_, kCache / unit_);
  }

  // Blocks of about equal size that cut the edges between whole rows, and at whole pages where that
  // is possible.
  int64_t BlockSize(Interval cluster, std::span<const PlacedEdge> edges) const {
    int64_t row = 1;
    for (const PlacedEdge& placed : edges) {
      for (const CopyDim& dim : placed.copy.dims) {
        if (dim.dst <= budget_) row = std::max(row, dim.dst);
      }
    }
    constexpr int64_t kPage = 4096;
    const int64_t paged = std::lcm(row, std::max<int64_t>(1, kPage / unit_));
    if (paged <= budget_ / 8) row = paged;
    const int64_t most = std::max(row, BlockBudget(edges) / row * row);
    const int64_t blocks = (cluster.size() + most - 1) / most;
    const int64_t even = (cluster.size() + blocks - 1) / blocks;
    return std::min(most, (even + row - 1) / row * row);
  }

  double BlockCost(Interval cluster, int64_t block, std::span<const PlacedEdge> edges) const {
    const int64_t middle = cluster.lo + cluster.size() / block / 2 * block;
    const Step step = BlockOf({middle, std::min(middle + block, cluster.hi)}, edges);
    return CostOf(step, plan_->sources, unit_) * static_cast<double>(cluster.size()) /
           static_cast<double>(step.region.run);
  }

  // The cluster's copies with the compares of the same units; empty when tiles cannot do what
  // blocks do: a compare has other units than a copy, or units between the copies need zeros that
  // AppendHoles cannot find.
  std::vector<TiledEdge> TileableEdges(Interval cluster, std::span<const PlacedEdge> edges) const {
    std::vector<TiledEdge> tiled;
    int64_t covered = 0;
    for (const PlacedEdge& placed : edges) {
      if (placed.edge->kind != EdgeKind::kCopy) continue;
      tiled.push_back({destination_, placed.copy, ReadLike(*placed.edge), {}});
      covered += placed.copy.Count();
    }
    const auto start_less = [](const TiledEdge& edge, int64_t start) {
      return edge.copy.dst_start < start;
    };
    for (const PlacedEdge& placed : edges) {
      if (placed.edge->kind != EdgeKind::kCompare) continue;
      auto twin = std::lower_bound(tiled.begin(), tiled.end(), placed.copy.dst_start, start_less);
      while (twin != tiled.end() && twin->copy.dst_start == placed.copy.dst_start &&
             !SameUnits(twin->copy, placed.copy)) {
        ++twin;
      }
      if (twin == tiled.end() || !SameUnits(twin->copy, placed.copy)) return {};
      twin->compares.push_back({placed.copy, ReadLike(*placed.edge)});
    }
    std::vector<Step> holes;
    if (covered < cluster.size() && (tiled.size() != 1 || tiled[0].copy.Count() == 0 ||
                                     !AppendHoles(tiled[0].copy, destination_, budget_, &holes))) {
      return {};
    }
    return tiled;
  }

  static bool SameUnits(const StridedCopy& a, const StridedCopy& b) {
    return a.dst_start == b.dst_start &&
           std::equal(
               a.dims.begin(), a.dims.end(), b.dims.begin(), b.dims.end(),
               [](const CopyDim& x, const CopyDim& y) { return x.n == y.n && x.dst == y.dst; });
  }

  Plan* const plan_;
  const uint32_t destination_;
  const uint64_t buffer_bytes_;
  const int64_t unit_;
  const int64_t budget_;  // destination units that the buffer holds
  Interval pending_;
  std::vector<PlacedEdge> pending_edges_;
};

// An edge that leaves its tensors is a mistake of the stage before; it must not become a wild read
// or write.
void CheckBounds(const Graph& graph, const Edge& edge) {
  const auto inside = [](Interval interval, const GraphTensor& tensor) {
    return interval.lo >= 0 && interval.hi <= tensor.Count();
  };
  const GraphTensor& source = graph.sources[edge.source];
  const GraphTensor& destination = graph.destinations[edge.destination];
  bool valid = inside(SourceInterval(edge.copy), source) &&
               inside(DestinationInterval(edge.copy), destination) &&
               (edge.value_op >= 0 || BitsOf(source.dtype) == BitsOf(destination.dtype));
  for (const CopyDim& dim : edge.copy.dims) valid = valid && dim.src >= 0 && dim.dst >= 0;
  if (!valid) {
    throw std::logic_error(
        fmt::format("an edge from `{}` to `{}` leaves its tensors or changes the "
                    "size of elements",
                    source.key, destination.key));
  }
}

}  // namespace

void ChunkPass(const Graph& graph, const PlanOptions& options, Plan* plan) {
  std::vector<std::vector<PlacedEdge>> edges(graph.destinations.size());
  for (const Edge& edge : graph.edges) {
    if (edge.copy.Count() == 0) continue;
    CheckBounds(graph, edge);
    PlacedEdge placed{&edge, edge.copy, {}};
    SortDims(&placed.copy);
    placed.interval = DestinationInterval(placed.copy);
    edges[edge.destination].push_back(std::move(placed));
  }
  for (uint32_t d = 0; d < graph.destinations.size(); ++d) {
    DestinationChunker(options, d, plan).Run(std::move(edges[d]));
  }
}

}  // namespace rr
