#include <doctest/doctest.h>

#include "plan/plan.h"

namespace rr {
namespace {

TEST_CASE("passes have names, in the order they run") {
  CHECK(PassNames() == std::vector<std::string>{"fuse", "coalesce", "order", "chunk"});
}

TEST_CASE("a disabled pass is left out") {
  Graph graph;
  graph.sources = {{"s", Dtype::kU8, {8}}};
  graph.destinations = {{"d", Dtype::kU8, {8}}};
  for (int64_t half : {4, 0}) {
    Edge edge;
    edge.copy = {{{2, 2, 2}, {2, 1, 1}}, half, half};
    graph.edges.push_back(edge);
  }
  CHECK(OptimizeGraph(graph, {}).edges.size() == 1);
  PlanOptions options;
  options.disabled_passes = {"coalesce"};
  CHECK(OptimizeGraph(graph, options).edges.size() == 2);
  CHECK(OptimizeGraph(graph, options).edges[0].copy.dst_start == 0);
  options.disabled_passes = {"coalesce", "order"};
  CHECK(OptimizeGraph(graph, options).edges[0].copy.dst_start == 4);
  options.disabled_passes = {"fuse", "coalesce", "order"};
  CHECK(OptimizeGraph(graph, options).edges[0].copy.dims.size() == 2);
}

TEST_CASE("units are those of the dtype; values may change their size") {
  Graph graph;
  graph.sources = {{"s", Dtype::kF64, {100}}};
  graph.destinations = {{"d", Dtype::kBF16, {100}}};
  graph.value_ops = {{Dtype::kF64, Dtype::kBF16, {}}};
  Edge edge;
  edge.copy.dims = {{100, 1, 1}};
  edge.value_op = 0;
  graph.edges = {edge};
  Diagnostics diagnostics;
  PlanOptions options;
  options.buffer_bytes = 256;
  const Plan plan = MakePlan(graph, options, &diagnostics);
  CHECK(plan.sources[0].unit == 8);
  CHECK(plan.destinations[0].unit == 2);
  CHECK(plan.bytes_read == 800);
  CHECK(plan.bytes_written == 200);
  CHECK(plan.largest_write == 200);
  CHECK(plan.largest_read <= 256);
}

}  // namespace
}  // namespace rr
