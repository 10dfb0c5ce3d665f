// The form of plans: how many steps, reads and runs. That their bytes are right is shown by
// tests/property.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "plan/plan.h"

namespace rr {
namespace {

constexpr int64_t kH = 2048, kI = 768;

struct Shape {
  size_t steps = 0;
  size_t reads = 0;
  int64_t read_runs = 0;
  int64_t write_runs = 0;
  int64_t shortest_write = INT64_MAX;  // units
};

Plan PlanOf(const Graph& graph, uint64_t buffer_bytes = 8 << 20) {
  Diagnostics diagnostics;
  PlanOptions options;
  options.buffer_bytes = buffer_bytes;
  Plan plan = MakePlan(graph, options, &diagnostics);
  CHECK(!diagnostics.HasErrors());
  CHECK(plan.largest_read <= buffer_bytes);
  CHECK(plan.largest_write <= buffer_bytes);
  return plan;
}

Shape ShapeOf(const Plan& plan) {
  Shape shape;
  shape.steps = plan.steps.size();
  for (const Step& step : plan.steps) {
    shape.reads += step.reads.size();
    shape.write_runs += step.region.RunCount();
    shape.shortest_write = std::min(shape.shortest_write, step.region.run);
    for (const StepRead& read : step.reads) shape.read_runs += read.region.RunCount();
  }
  return shape;
}

void AddEdge(Graph* graph, uint32_t source, int64_t src_start, int64_t dst_start,
             std::vector<CopyDim> dims) {
  Edge edge;
  edge.source = source;
  edge.copy = {std::move(dims), src_start, dst_start};
  graph->edges.push_back(edge);
}

Graph Empty(std::vector<std::vector<int64_t>> sources, std::vector<int64_t> destination) {
  Graph graph;
  for (size_t i = 0; i < sources.size(); ++i) {
    graph.sources.push_back({fmt::format("s{}", i), Dtype::kBF16, sources[i]});
  }
  graph.destinations = {{"d", Dtype::kBF16, std::move(destination)}};
  return graph;
}

TEST_CASE("gate and up of a transposed expert are written as one block with one read each") {
  Graph graph = Empty({{kI, kH}, {kI, kH}}, {kH, 2 * kI});
  for (uint32_t part : {0u, 1u})
    AddEdge(&graph, part, 0, part * kI, {{kI, kH, 1}, {kH, 1, 2 * kI}});
  const Plan plan = PlanOf(graph);
  const Shape shape = ShapeOf(plan);
  CHECK(shape.steps == 1);
  CHECK(shape.read_runs == 2);
  CHECK(shape.write_runs == 1);
  CHECK(!plan.steps[0].zero_fill);
  CHECK(plan.bytes_read == 2 * 2 * kI * kH);
  CHECK(plan.largest_read == 2 * kI * kH);
  CHECK(plan.largest_write == 4 * kI * kH);
}

TEST_CASE("a long copy is cut into even blocks of whole pages") {
  Graph graph = Empty({{151936, kH}}, {151936, kH});
  AddEdge(&graph, 0, 0, 0, {{151936 * kH, 1, 1}});
  const Plan plan = PlanOf(graph);
  CHECK(plan.steps.size() == 75);
  for (const Step& step : plan.steps) CHECK(step.region.start * 2 % 4096 == 0);
}

TEST_CASE("a big transpose reads whole strips and scatters runs of at least 4000 bytes") {
  Graph graph = Empty({{151936, kH}}, {kH, 151936});
  AddEdge(&graph, 0, 0, 0, {{kH, 1, 151936}, {151936, kH, 1}});
  const Plan plan = PlanOf(graph);
  const Shape shape = ShapeOf(plan);
  CHECK(plan.bytes_read == plan.bytes_written);
  CHECK(shape.steps < 80);
  CHECK(shape.read_runs == static_cast<int64_t>(shape.steps));
  CHECK(plan.bytes_written / static_cast<uint64_t>(shape.write_runs) >= 4000);
}

TEST_CASE("layers of a stacked transposed tensor are read whole and scattered") {
  constexpr int64_t kLayers = 8, kRows = 4096;
  Graph graph =
      Empty(std::vector<std::vector<int64_t>>(kLayers, {kRows, kH}), {kH, kLayers, kRows});
  for (uint32_t l = 0; l < kLayers; ++l) {
    AddEdge(&graph, l, 0, l * kRows, {{kRows, kH, 1}, {kH, 1, kLayers * kRows}});
  }
  const Plan plan = PlanOf(graph);
  CHECK(plan.bytes_read == plan.bytes_written);
  CHECK(ShapeOf(plan).read_runs == static_cast<int64_t>(plan.steps.size()));
  CHECK(ShapeOf(plan).shortest_write >= 2048);
}

TEST_CASE("single elements that alternate are written as blocks") {
  SUBCASE("norms of all layers") {
    constexpr int64_t kLayers = 48;
    Graph graph = Empty(std::vector<std::vector<int64_t>>(kLayers, {kH}), {kH, kLayers});
    for (uint32_t l = 0; l < kLayers; ++l) AddEdge(&graph, l, 0, l, {{kH, 1, kLayers}});
    CHECK(ShapeOf(PlanOf(graph)).steps == 1);
    const Shape small = ShapeOf(PlanOf(graph, 4096));
    CHECK(small.write_runs == static_cast<int64_t>(small.steps));
    CHECK(small.steps < 60);
  }
  SUBCASE("gate and up of gpt-oss") {
    constexpr int64_t kRows = 4 * 2880;
    Graph graph = Empty({{kRows, 2880}, {kRows, 2880}}, {kRows, 2880, 2});
    for (uint32_t part : {0u, 1u}) AddEdge(&graph, part, 0, part, {{kRows * 2880, 1, 2}});
    const Plan plan = PlanOf(graph);
    CHECK(plan.bytes_read == plan.bytes_written);
    CHECK(ShapeOf(plan).write_runs == static_cast<int64_t>(plan.steps.size()));
    CHECK(plan.steps.size() < 20);
  }
}

TEST_CASE("what lies between two parts in one source is read once") {
  Graph graph = Empty({{1000, 2}}, {2, 1000});
  for (int64_t part : {0, 1}) AddEdge(&graph, 0, part, part * 1000, {{1000, 2, 1}});
  const Plan plan = PlanOf(graph);
  REQUIRE(plan.steps.size() == 1);
  CHECK(plan.steps[0].reads.size() == 1);
  CHECK(plan.bytes_read == plan.bytes_written);
}

TEST_CASE("units that no edge reaches are zeros, at the end and in every row") {
  SUBCASE("rows at the end") {
    Graph graph = Empty({{10, 8}}, {16, 8});
    AddEdge(&graph, 0, 0, 0, {{80, 1, 1}});
    const Plan plan = PlanOf(graph, 64);
    CHECK(plan.bytes_written == 256);
    CHECK(std::count_if(plan.steps.begin(), plan.steps.end(),
                        [](const Step& s) { return s.zero_fill; }) > 0);
  }
  SUBCASE("columns at the end of every row, in tiles") {
    Graph graph = Empty({{151000, kH}}, {kH, 152064});
    AddEdge(&graph, 0, 0, 0, {{kH, 1, 152064}, {151000, kH, 1}});
    const Plan plan = PlanOf(graph);
    CHECK(plan.bytes_written == 2 * kH * 152064);
    CHECK(plan.bytes_read < plan.bytes_written);
  }
}

TEST_CASE("a tensor without elements needs no step; one without edges is all zeros") {
  CHECK(PlanOf(Empty({}, {0, 5})).steps.empty());
  const Plan plan = PlanOf(Empty({}, {5}));
  REQUIRE(plan.steps.size() == 1);
  CHECK(plan.steps[0].zero_fill);
  CHECK(plan.steps[0].reads.empty());
}

TEST_CASE("compares are in the step of their copies, behind them") {
  Graph graph = Empty({{1000}, {1000}}, {1000});
  AddEdge(&graph, 1, 0, 0, {{1000, 1, 1}});
  graph.edges[0].kind = EdgeKind::kCompare;
  AddEdge(&graph, 0, 0, 0, {{1000, 1, 1}});
  const Plan plan = PlanOf(graph, 400);
  CHECK(plan.steps.size() == 5);
  for (const Step& step : plan.steps) {
    REQUIRE(step.reads.size() == 2);
    CHECK(step.reads[0].kind == EdgeKind::kCopy);
    CHECK(step.reads[1].kind == EdgeKind::kCompare);
    CHECK(step.reads[1].region.start == step.region.start);
  }
}

TEST_CASE("an edge that leaves its tensors is a programmer's error") {
  Graph graph = Empty({{4}}, {4});
  AddEdge(&graph, 0, 1, 0, {{4, 1, 1}});
  Diagnostics diagnostics;
  CHECK_THROWS_AS(MakePlan(graph, {}, &diagnostics), std::logic_error);
}

}  // namespace
}  // namespace rr
