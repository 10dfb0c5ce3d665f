// Two rewrites, repeated until neither finds anything. Both sort and then look at neighbours only,
// so that a graph of millions of edges costs a few sorts.
//
// Progressions: edges of equal dims whose starts advance by a constant (the experts of a stacked
// tensor, then its layers in the next round) become one edge with one more dim. Neighbours: edges
// that differ in the length of one dim and continue one another along it (q, k and v of different
// sizes that keep their places) become one edge with that dim longer.
#include <algorithm>
#include <tuple>
#include <vector>

#include "plan/box.h"
#include "plan/passes.h"

namespace rr {
namespace {

auto Between(const Edge& edge) {
  return std::tuple(edge.destination, edge.kind, edge.source, edge.value_op);
}

bool DimLess(const CopyDim& a, const CopyDim& b) {
  return std::tuple(a.n, a.src, a.dst) < std::tuple(b.n, b.src, b.dst);
}

// <0, 0, >0 as strcmp: one walk instead of two for the sort below.
int CompareDims(const std::vector<CopyDim>& a, const std::vector<CopyDim>& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (size_t d = 0; d < a.size(); ++d) {
    if (DimLess(a[d], b[d])) return -1;
    if (DimLess(b[d], a[d])) return 1;
  }
  return 0;
}

bool MergeProgressions(std::vector<Edge>* edges) {
  std::sort(edges->begin(), edges->end(), [](const Edge& a, const Edge& b) {
    if (const auto ka = Between(a), kb = Between(b); ka != kb) return ka < kb;
    if (const int order = CompareDims(a.copy.dims, b.copy.dims); order != 0) return order < 0;
    return std::tuple(a.copy.dst_start, a.copy.src_start) <
           std::tuple(b.copy.dst_start, b.copy.src_start);
  });
  std::vector<Edge> merged;
  for (size_t i = 0; i < edges->size();) {
    Edge& first = (*edges)[i];
    size_t end = i + 1;
    int64_t src_step = 0, dst_step = 0;
    for (; end < edges->size(); ++end) {
      const Edge& next = (*edges)[end];
      if (Between(next) != Between(first) || next.copy.dims != first.copy.dims) break;
      const Edge& last = (*edges)[end - 1];
      const int64_t src = next.copy.src_start - last.copy.src_start;
      const int64_t dst = next.copy.dst_start - last.copy.dst_start;
      if (end == i + 1) {
        if (src < 0 || (dst == 0 && first.kind == EdgeKind::kCopy)) break;
        src_step = src;
        dst_step = dst;
      } else if (src != src_step || dst != dst_step) {
        break;
      }
    }
    if (end - i > 1) {
      first.copy.dims.push_back({static_cast<int64_t>(end - i), src_step, dst_step});
      FuseDims(&first.copy);
    }
    merged.push_back(std::move(first));
    i = end;
  }
  const bool changed = merged.size() < edges->size();
  *edges = std::move(merged);
  return changed;
}

// Whether `next` continues `edge` along the one dim in which their lengths differ; then `edge`
// becomes both.
bool Continue(Edge* edge, const Edge& next) {
  std::vector<CopyDim>& dims = edge->copy.dims;
  if (Between(*edge) != Between(next) || dims.size() != next.copy.dims.size()) return false;
  CopyDim* longer = nullptr;
  int64_t added = 0;
  for (size_t d = 0; d < dims.size(); ++d) {
    const CopyDim& other = next.copy.dims[d];
    if (dims[d] == other) continue;
    if (longer != nullptr || dims[d].src != other.src || dims[d].dst != other.dst) return false;
    longer = &dims[d];
    added = other.n;
  }
  if (longer == nullptr || next.copy.src_start != edge->copy.src_start + longer->n * longer->src ||
      next.copy.dst_start != edge->copy.dst_start + longer->n * longer->dst) {
    return false;
  }
  longer->n += added;
  return true;
}

bool MergeNeighbours(std::vector<Edge>* edges) {
  std::sort(edges->begin(), edges->end(), [](const Edge& a, const Edge& b) {
    return std::tuple(Between(a), a.copy.dst_start, a.copy.src_start) <
           std::tuple(Between(b), b.copy.dst_start, b.copy.src_start);
  });
  std::vector<Edge> merged;
  for (Edge& edge : *edges) {
    if (!merged.empty() && Continue(&merged.back(), edge)) continue;
    merged.push_back(std::move(edge));
  }
  for (Edge& edge : merged) FuseDims(&edge.copy);
  const bool changed = merged.size() < edges->size();
  *edges = std::move(merged);
  return changed;
}

}  // namespace

void CoalescePass(Graph* graph) {
  for (Edge& edge : graph->edges) FuseDims(&edge.copy);
  std::erase_if(graph->edges, [](const Edge& edge) { return edge.copy.Count() == 0; });
  // A round finds one level of nesting; real layouts have three or four.
  constexpr int kRounds = 16;
  bool changed = true;
  for (int round = 0; changed && round < kRounds; ++round) {
    changed = MergeProgressions(&graph->edges);
    changed = MergeNeighbours(&graph->edges) || changed;
  }
}

}  // namespace rr
