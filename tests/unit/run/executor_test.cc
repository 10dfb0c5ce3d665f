#include "run/executor.h"

#include <doctest/doctest.h>

#include <atomic>
#include <numeric>
#include <string>

#include "memory_io.h"

namespace rr {
namespace {

Graph CopyOf(int64_t count) {
  Graph graph;
  graph.sources = {{"s", Dtype::kU8, {count}}};
  graph.destinations = {{"d", Dtype::kU8, {count}}};
  Edge edge;
  edge.copy.dims = {{count, 1, 1}};
  graph.edges = {edge};
  return graph;
}

Plan PlanOf(const Graph& graph, uint64_t buffer_bytes) {
  PlanOptions options;
  options.buffer_bytes = buffer_bytes;
  Diagnostics diagnostics;
  return MakePlan(graph, options, &diagnostics);
}

class RecordedProgress : public Progress {
 public:
  void Update(uint64_t done, uint64_t total) override {
    CHECK(inside_.fetch_add(1) == 0);
    CHECK(done >= last_);
    CHECK(done <= total);
    last_ = done;
    --inside_;
  }
  uint64_t last() const { return last_; }

 private:
  std::atomic<int> inside_ = 0;
  uint64_t last_ = 0;
};

TEST_CASE("figures and progress") {
  const Graph graph = CopyOf(100'000);
  const Plan plan = PlanOf(graph, 4096);
  for (const int jobs : {1, 3}) {
    const TestReader reader({Bytes(100'000, std::byte{9})});
    TestWriter writer(graph.destinations);
    RecordedProgress progress;
    Diagnostics diagnostics;
    const RunStats stats = Execute(plan, reader, writer, {jobs, &progress}, &diagnostics);
    CHECK(stats.bytes_read == 100'000);
    CHECK(stats.bytes_written == 100'000);
    CHECK(stats.buffer_bytes ==
          static_cast<uint64_t>(jobs) * (plan.largest_read + plan.largest_write));
    CHECK(progress.last() == 100'000);
    CHECK(writer.EverythingWritten());
    CHECK(writer.tensors() == reader.tensors());
  }
}

TEST_CASE("no more threads than steps; an empty plan is done at once") {
  const Graph graph = CopyOf(10);
  const TestReader reader({Bytes(10)});
  TestWriter writer(graph.destinations);
  Diagnostics diagnostics;
  CHECK(Execute(PlanOf(graph, 4096), reader, writer, {8, nullptr}, &diagnostics).buffer_bytes ==
        20);
  CHECK(Execute(Plan(), reader, writer, {8, nullptr}, &diagnostics).bytes_written == 0);
}

class FailingReader : public TensorReader {
 public:
  void Read(uint32_t, uint64_t offset, std::span<std::byte>) const override {
    ++reads;
    if (offset >= 4096) throw OsError("disk on fire");
  }
  mutable std::atomic<int> reads = 0;
};

TEST_CASE("an error of the reader stops all threads and comes through") {
  const Graph graph = CopyOf(1 << 20);
  const Plan plan = PlanOf(graph, 64);
  for (const int jobs : {1, 4}) {
    const FailingReader reader;
    TestWriter writer(graph.destinations);
    Diagnostics diagnostics;
    CHECK_THROWS_WITH_AS(Execute(plan, reader, writer, {jobs, nullptr}, &diagnostics),
                         "disk on fire", OsError);
    CHECK(reader.reads < 1000);
  }
}

TEST_CASE("a copy that differs from a padded element says that nothing is stored for it") {
  Graph graph = CopyOf(4);
  graph.destinations[0].shape = {8};
  graph.sources.push_back({"t", Dtype::kU8, {8}});
  Edge compare;
  compare.source = 1;
  compare.kind = EdgeKind::kCompare;
  compare.copy.dims = {{8, 1, 1}};
  graph.edges.push_back(compare);
  Bytes other(8);
  other[6] = std::byte{3};
  const TestReader reader({Bytes(4), other});
  TestWriter writer(graph.destinations);
  Diagnostics diagnostics;
  Execute(PlanOf(graph, 64), reader, writer, {}, &diagnostics);
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.all()[0].code == Code::kCopiesDiffer);
  CHECK(diagnostics.all()[0].message ==
        "element 6 of `d` has two values: nothing is stored for it (0x00), `t` has 0x03 at element "
        "6");
}

}  // namespace
}  // namespace rr
