// Both engines, every subset of passes, small buffers and several threads give the same bytes,
// which are those of a per-element oracle where values do not change.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "memory_io.h"
#include "plan/plan.h"
#include "property/random_graph.h"
#include "run/executor.h"
#include "run/reference.h"

namespace rr {
namespace {

std::vector<Bytes> RunReference(const Graph& graph, const std::vector<Bytes>& data) {
  const TestReader reader(data);
  TestWriter writer(graph.destinations);
  Diagnostics diagnostics;
  ExecuteReference(graph, reader, writer, &diagnostics);
  REQUIRE_MESSAGE(!diagnostics.HasErrors(), diagnostics.all()[0].message);
  REQUIRE(writer.EverythingWritten());
  return writer.tensors();
}

void CheckPlan(const Plan& plan, uint64_t buffer_bytes) {
  CHECK(plan.largest_read <= std::max<uint64_t>(buffer_bytes, 8));
  CHECK(plan.largest_write <= std::max<uint64_t>(buffer_bytes, 8));
  uint64_t written = 0;
  for (const PlanTensor& tensor : plan.destinations)
    written += static_cast<uint64_t>(tensor.count) * tensor.unit;
  CHECK(plan.bytes_written == written);
}

std::vector<Bytes> RunPlan(const Graph& graph, const std::vector<Bytes>& data,
                           const PlanOptions& options, int jobs) {
  Diagnostics diagnostics;
  const Plan plan = MakePlan(graph, options, &diagnostics);
  REQUIRE(!diagnostics.HasErrors());
  CheckPlan(plan, options.buffer_bytes);
  const TestReader reader(data);
  TestWriter writer(graph.destinations);
  RunOptions run;
  run.jobs = jobs;
  Execute(plan, reader, writer, run, &diagnostics);
  REQUIRE_MESSAGE(!diagnostics.HasErrors(), diagnostics.all()[0].message);
  REQUIRE(writer.EverythingWritten());
  return writer.tensors();
}

std::vector<std::vector<std::string>> SubsetsOfPasses() {
  std::vector<std::vector<std::string>> subsets;
  const std::vector<std::string>& names = PassNames();
  for (size_t mask = 0; mask < (size_t{1} << (names.size() - 1)); ++mask) {
    std::vector<std::string> subset;
    for (size_t i = 0; i + 1 < names.size(); ++i) {
      if ((mask >> i & 1) != 0) subset.push_back(names[i]);
    }
    subsets.push_back(std::move(subset));
  }
  return subsets;
}

bool HasValueOps(const Graph& graph) {
  return std::any_of(graph.edges.begin(), graph.edges.end(),
                     [](const Edge& e) { return e.value_op >= 0; });
}

void CheckAll(const Graph& graph, const std::vector<Bytes>& data,
              const std::vector<uint64_t>& budgets, int jobs) {
  const std::vector<Bytes> expected = RunReference(graph, data);
  if (!HasValueOps(graph)) CHECK(expected == OracleOf(graph, data));
  for (const uint64_t budget : budgets) {
    CAPTURE(budget);
    for (const auto& disabled : SubsetsOfPasses()) {
      PlanOptions options;
      options.buffer_bytes = budget;
      options.disabled_passes = disabled;
      if (RunPlan(graph, data, options, jobs) != expected) {
        FAIL("engines differ with ", disabled.size(), " passes disabled");
      }
    }
  }
}

TEST_CASE("random graphs of small extents") {
  for (uint64_t seed = 0; seed < 600; ++seed) {
    CAPTURE(seed);
    const RandomGraph random(seed, {});
    CheckAll(random.graph(), random.data(), {1, 64, 200, 1 << 20}, static_cast<int>(1 + seed % 4));
  }
}

// The message of RR504, the same for all numbers of threads.
std::string MismatchOf(const Plan& plan, const Graph& graph, const std::vector<Bytes>& data) {
  std::string message;
  for (int jobs = 1; jobs <= 4; ++jobs) {
    const TestReader reader(data);
    TestWriter writer(graph.destinations);
    Diagnostics diagnostics;
    RunOptions run;
    run.jobs = jobs;
    Execute(plan, reader, writer, run, &diagnostics);
    REQUIRE(diagnostics.all().size() == 1);
    CHECK(diagnostics.all()[0].code == Code::kCopiesDiffer);
    if (jobs == 1) message = diagnostics.all()[0].message;
    CHECK(diagnostics.all()[0].message == message);
  }
  return message;
}

TEST_CASE("compares of any box pass when all is equal, and are found when one bit is not") {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const RandomGraph random(5000 + seed, {});
    Graph graph = random.graph();
    std::vector<Bytes> data = random.data();
    const std::vector<Bytes> outputs = RunReference(graph, data);
    for (uint64_t i = 0; i < 3; ++i) AddCompare(10 * seed + i, outputs, &graph, &data);
    CheckAll(graph, data, {64, 500, 1 << 20}, static_cast<int>(1 + seed % 4));
    if (data.size() == random.data().size()) continue;
    data.back()[seed % data.back().size()] ^= std::byte{4};
    for (const uint64_t budget : {uint64_t{16}, uint64_t{1} << 20}) {
      Diagnostics diagnostics;
      PlanOptions options;
      options.buffer_bytes = budget;
      MismatchOf(MakePlan(graph, options, &diagnostics), graph, data);
    }
    const TestReader reader(data);
    TestWriter writer(graph.destinations);
    Diagnostics diagnostics;
    ExecuteReference(graph, reader, writer, &diagnostics);
    REQUIRE(diagnostics.all().size() == 1);
    CHECK(diagnostics.all()[0].code == Code::kCopiesDiffer);
  }
}

TEST_CASE("transposes that reach the vector kernels, in rows of up to three dims") {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    CAPTURE(seed);
    const RandomGraph random(9000 + seed,
                             {.largest_extent = 40, .value_ops = true, .compares = true});
    if (std::any_of(random.graph().destinations.begin(), random.graph().destinations.end(),
                    [](const GraphTensor& tensor) { return tensor.Count() > 200'000; })) {
      continue;
    }
    CheckAll(random.graph(), random.data(), {40'000, 1 << 20}, 2);
  }
  for (const Dtype dtype : {Dtype::kU8, Dtype::kBF16, Dtype::kF32, Dtype::kF64}) {
    Graph graph;
    graph.sources = {{"s", dtype, {3, 70, 100}}};
    graph.destinations = {{"d", dtype, {3, 100, 70}}};
    Edge edge;
    edge.copy.dims = {{3, 7000, 7000}, {100, 1, 70}, {70, 100, 1}};
    graph.edges = {edge};
    Bytes data(StoredSize(graph.sources[0]));
    for (size_t i = 0; i < data.size(); ++i)
      data[i] = static_cast<std::byte>(i * 2654435761u >> 13);
    CheckAll(graph, {data}, {1000, 30'000, 1 << 20}, 1);
  }
}

TEST_CASE("sub-byte elements in whole bytes") {
  for (const Dtype dtype : {Dtype::kF4, Dtype::kF6E2M3}) {
    Graph graph;
    graph.sources = {{"s", dtype, {6, 5, 8}}, {"t", dtype, {5, 6, 4}}};
    graph.destinations = {{"d", dtype, {5, 6, 12}}};
    Edge permuted, plain;
    permuted.copy.dims = {{5, 8, 72}, {6, 40, 12}, {8, 1, 1}};
    plain.source = 1;
    plain.copy = {{{30, 4, 12}, {4, 1, 1}}, 0, 8};
    graph.edges = {permuted, plain};
    std::vector<Bytes> data;
    for (const GraphTensor& tensor : graph.sources) {
      Bytes bytes(StoredSize(tensor));
      for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37 + 11);
      data.push_back(std::move(bytes));
    }
    const std::vector<Bytes> expected = RunReference(graph, data);
    for (const uint64_t budget : {uint64_t{8}, uint64_t{100}, uint64_t{1} << 20}) {
      PlanOptions options;
      options.buffer_bytes = budget;
      CHECK(RunPlan(graph, data, options, 2) == expected);
    }
  }
}

TEST_CASE("random graphs of larger extents, bytes only") {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    const RandomGraph random(1000 + seed,
                             {.largest_extent = 24, .value_ops = false, .compares = true});
    CheckAll(random.graph(), random.data(), {64, 1000, 16 << 10, 1 << 20},
             static_cast<int>(1 + seed % 4));
  }
}

TEST_CASE("all orders of dims of all tiny boxes") {
  for (int64_t a = 0; a < 4; ++a) {
    for (int64_t b = 0; b < 4; ++b) {
      for (int64_t c = 0; c < 4; ++c) {
        std::vector<int> order = {0, 1, 2};
        do {
          const std::vector<int64_t> extents = {a, b, c};
          std::vector<int64_t> src(3, 1), dst = {b * c, c, 1};
          int64_t stride = 1;
          for (size_t i = 3; i-- > 0;) {
            src[static_cast<size_t>(order[i])] = stride;
            stride *= extents[static_cast<size_t>(order[i])];
          }
          Graph graph;
          graph.sources = {{"s", Dtype::kU16, {a * b * c}}};
          graph.destinations = {{"d", Dtype::kU16, extents}};
          Edge edge;
          for (size_t d = 0; d < 3; ++d) edge.copy.dims.push_back({extents[d], src[d], dst[d]});
          graph.edges = {edge};
          Bytes data;
          for (int64_t i = 0; i < 2 * a * b * c; ++i) data.push_back(static_cast<std::byte>(i));
          CheckAll(graph, {data}, {2, 6, 64}, 1);
        } while (std::next_permutation(order.begin(), order.end()));
      }
    }
  }
}

TEST_CASE("a transpose of 3 x 5 has the values that anybody can see") {
  Graph graph;
  graph.sources = {{"s", Dtype::kU8, {3, 5}}};
  graph.destinations = {{"d", Dtype::kU8, {5, 3}}};
  Edge edge;
  edge.copy.dims = {{5, 1, 3}, {3, 5, 1}};
  graph.edges = {edge};
  Bytes data, expected;
  for (int i = 0; i < 15; ++i) data.push_back(static_cast<std::byte>(i));
  for (int i : {0, 5, 10, 1, 6, 11, 2, 7, 12, 3, 8, 13, 4, 9, 14})
    expected.push_back(static_cast<std::byte>(i));
  CHECK(RunReference(graph, {data}) == std::vector<Bytes>{expected});
  CHECK(RunPlan(graph, {data}, {}, 1) == std::vector<Bytes>{expected});
}

TEST_CASE(
    "copies that differ are found by both engines, first in the order of the plan for any "
    "threads") {
  Graph graph;
  graph.sources = {{"a", Dtype::kU16, {64}}, {"b", Dtype::kU16, {64}}};
  graph.destinations = {{"d", Dtype::kU16, {64}}};
  Edge edge;
  edge.copy.dims = {{64, 1, 1}};
  graph.edges = {edge, edge};
  graph.edges[1].source = 1;
  graph.edges[1].kind = EdgeKind::kCompare;
  std::vector<Bytes> data = {Bytes(128, std::byte{7}), Bytes(128, std::byte{7})};
  data[1][2 * 11] = std::byte{9};
  data[1][2 * 50] = std::byte{1};
  const std::string expected =
      "element 11 of `d` has two values: `a` has 0x0707 at element 11, `b` has 0x0709 at element "
      "11";
  const TestReader reader(data);
  {
    TestWriter writer(graph.destinations);
    Diagnostics diagnostics;
    ExecuteReference(graph, reader, writer, &diagnostics);
    REQUIRE(diagnostics.all().size() == 1);
    CHECK(diagnostics.all()[0].code == Code::kCopiesDiffer);
    CHECK(diagnostics.all()[0].message == expected);
  }
  for (int jobs = 1; jobs <= 4; ++jobs) {
    for (const uint64_t budget : {uint64_t{8}, uint64_t{32}, uint64_t{1} << 20}) {
      PlanOptions options;
      options.buffer_bytes = budget;
      Diagnostics diagnostics;
      const Plan plan = MakePlan(graph, options, &diagnostics);
      TestWriter writer(graph.destinations);
      RunOptions run;
      run.jobs = jobs;
      Execute(plan, reader, writer, run, &diagnostics);
      REQUIRE(diagnostics.all().size() == 1);
      CHECK(diagnostics.all()[0].message == expected);
    }
  }
}

}  // namespace
}  // namespace rr
