#include "plan/destination_order.h"

#include <algorithm>
#include <utility>

namespace rr {

void OrderDestinations(Graph* graph) {
  using Position = std::pair<uint32_t, int64_t>;
  std::vector<Position> first(graph->destinations.size(), {UINT32_MAX, 0});
  for (const Edge& edge : graph->edges) {
    first[edge.destination] =
        std::min(first[edge.destination], Position(edge.source, edge.copy.src_start));
  }
  std::vector<uint32_t> order(graph->destinations.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return first[a] < first[b]; });
  std::vector<uint32_t> new_index(order.size());
  std::vector<GraphTensor> tensors;
  for (uint32_t i = 0; i < order.size(); ++i) {
    new_index[order[i]] = i;
    tensors.push_back(std::move(graph->destinations[order[i]]));
  }
  graph->destinations = std::move(tensors);
  for (Edge& edge : graph->edges) edge.destination = new_index[edge.destination];
}

}  // namespace rr
