#include <algorithm>
#include <tuple>

#include "plan/passes.h"

namespace rr {

void OrderPass(Graph* graph) {
  const auto key = [](const Edge& edge) {
    return std::tuple(edge.destination, edge.kind, edge.copy.dst_start, edge.source,
                      edge.copy.src_start, edge.value_op);
  };
  std::stable_sort(graph->edges.begin(), graph->edges.end(),
                   [&](const Edge& a, const Edge& b) { return key(a) < key(b); });
}

}  // namespace rr
