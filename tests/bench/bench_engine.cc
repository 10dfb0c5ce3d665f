// Measures the engine in memory on the expert shapes of Qwen3-30B-A3B beside memcpy of the same
// bytes in the same run, and the time and size of plans. Figures of a shared machine move; the
// ratios are what to compare. Not run by ctest:
//   cmake --build build/release --target bench_engine && build/release/tests/bench_engine [experts]
//   [jobs]
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "run/buffer.h"
#include "run/executor.h"
#include "run/kernel_copy.h"

namespace rr {
namespace {

constexpr int64_t kHidden = 2048, kInner = 768;

// One long buffer, tensors at offsets, as in a file.
class Arena : public TensorReader, public TensorWriter {
 public:
  explicit Arena(const std::vector<GraphTensor>& tensors) {
    for (const GraphTensor& tensor : tensors) {
      offsets_.push_back(size_);
      size_ += static_cast<size_t>(tensor.Count() * BitsOf(tensor.dtype) / 8);
    }
    bytes_ = std::make_unique<Buffer>(size_);
    std::memset(bytes_->data(), 1, size_);
  }
  void Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const override {
    std::memcpy(out.data(), bytes_->data() + offsets_[index] + offset, out.size());
  }
  void Write(uint32_t index, uint64_t offset, std::span<const std::byte> data) override {
    std::memcpy(bytes_->data() + offsets_[index] + offset, data.data(), data.size());
  }
  std::byte* data() { return bytes_->data(); }
  size_t size() const { return size_; }

 private:
  std::vector<size_t> offsets_;
  size_t size_ = 0;
  std::unique_ptr<Buffer> bytes_;
};

double Seconds(const std::function<void()>& work) {
  std::vector<double> runs;
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    runs.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(runs.begin(), runs.end());
  return runs[runs.size() / 2];
}

uint32_t Add(std::vector<GraphTensor>* tensors, std::vector<int64_t> shape) {
  tensors->push_back({fmt::format("t{}", tensors->size()), Dtype::kBF16, std::move(shape)});
  return static_cast<uint32_t>(tensors->size() - 1);
}

// gate, up and down per expert -> one fused and one plain tensor of all experts; `transposed`
// stores [E H 2I] and [E I H].
Graph Fuse(int64_t experts, bool transposed) {
  constexpr int64_t H = kHidden, I = kInner;
  Graph graph;
  const uint32_t fused = Add(&graph.destinations, {experts, 2 * I, H});
  const uint32_t plain = Add(&graph.destinations, {experts, H, I});
  for (int64_t e = 0; e < experts; ++e) {
    for (int64_t part = 0; part < 2; ++part) {
      Edge edge;
      edge.source = Add(&graph.sources, {I, H});
      edge.destination = fused;
      edge.copy.dst_start = e * 2 * I * H + part * (transposed ? I : I * H);
      edge.copy.dims = {{I, H, transposed ? 1 : H}, {H, 1, transposed ? 2 * I : 1}};
      graph.edges.push_back(edge);
    }
    Edge edge;
    edge.source = Add(&graph.sources, {H, I});
    edge.destination = plain;
    edge.copy.dst_start = e * H * I;
    edge.copy.dims = {{H, I, transposed ? 1 : I}, {I, 1, transposed ? H : 1}};
    graph.edges.push_back(edge);
  }
  return graph;
}

Graph Inverse(Graph graph) {
  std::swap(graph.sources, graph.destinations);
  for (Edge& edge : graph.edges) {
    std::swap(edge.source, edge.destination);
    std::swap(edge.copy.src_start, edge.copy.dst_start);
    for (CopyDim& dim : edge.copy.dims) std::swap(dim.src, dim.dst);
  }
  return graph;
}

// per-layer [rows, H] matrices <-> one stacked, transposed [H, L, rows].
Graph Stack(int64_t layers, int64_t rows) {
  Graph graph;
  Add(&graph.destinations, {kHidden, layers, rows});
  for (int64_t l = 0; l < layers; ++l) {
    Edge edge;
    edge.source = Add(&graph.sources, {rows, kHidden});
    edge.copy.dst_start = l * rows;
    edge.copy.dims = {{rows, kHidden, 1}, {kHidden, 1, layers * rows}};
    graph.edges.push_back(edge);
  }
  return graph;
}

Graph TransposeOf(int64_t rows, int64_t columns) {
  Graph graph;
  Add(&graph.sources, {rows, columns});
  Add(&graph.destinations, {columns, rows});
  Edge edge;
  edge.copy.dims = {{columns, 1, rows}, {rows, columns, 1}};
  graph.edges = {edge};
  return graph;
}

Graph Layers(int64_t layers, const Graph& layer) {
  Graph graph;
  for (int64_t l = 0; l < layers; ++l) {
    for (Edge edge : layer.edges) {
      edge.source += static_cast<uint32_t>(graph.sources.size());
      edge.destination += static_cast<uint32_t>(graph.destinations.size());
      graph.edges.push_back(edge);
    }
    graph.sources.insert(graph.sources.end(), layer.sources.begin(), layer.sources.end());
    graph.destinations.insert(graph.destinations.end(), layer.destinations.begin(),
                              layer.destinations.end());
  }
  return graph;
}

void PrintPlan(const std::string& name, const Graph& graph) {
  Diagnostics diagnostics;
  Plan plan;
  const double seconds = Seconds([&] { plan = MakePlan(graph, {}, &diagnostics); });
  int64_t reads = 0, read_runs = 0, write_runs = 0;
  for (const Step& step : plan.steps) {
    write_runs += step.region.RunCount();
    reads += static_cast<int64_t>(step.reads.size());
    for (const StepRead& read : step.reads) read_runs += read.region.RunCount();
  }
  fmt::print(
      "{:34} {:6} tensors {:6.1f} ms {:6} steps {:7} reads {:8} read runs {:8} write runs {:5.2f} "
      "read/written\n",
      name, graph.sources.size() + graph.destinations.size(), seconds * 1e3, plan.steps.size(),
      reads, read_runs, write_runs,
      static_cast<double>(plan.bytes_read) / static_cast<double>(plan.bytes_written));
}

void Measure(const std::string& name, const Graph& graph, int jobs) {
  Diagnostics diagnostics;
  const Plan plan = MakePlan(graph, {}, &diagnostics);
  const Arena source(graph.sources);
  Arena destination(graph.destinations), copy_source(graph.sources);
  const double copy =
      Seconds([&] { std::memcpy(destination.data(), copy_source.data(), destination.size()); });
  RunOptions options;
  options.jobs = jobs;
  const double run = Seconds([&] { Execute(plan, source, destination, options, &diagnostics); });
  const double bytes = static_cast<double>(plan.bytes_written);
  fmt::print("{:34} jobs {} {:6.2f} GB/s  memcpy (1 thread) {:6.2f} GB/s  ratio {:5.2f}\n", name,
             jobs, bytes / run / 1e9, bytes / copy / 1e9, copy / run);
}

// The kernel alone, on one expert that stays in the cache.
void MeasureTranspose(int64_t rows, int64_t columns, uint32_t unit) {
  const size_t size = static_cast<size_t>(rows * columns) * unit;
  Buffer from(size), to(size);
  std::memset(from.data(), 1, size);
  std::memset(to.data(), 2, size);
  const TransposeShape shape{rows, columns, columns, rows};
  const double copy = Seconds([&] { std::memcpy(to.data(), from.data(), size); });
  const double portable = Seconds([&] { TransposePortable(shape, unit, from.data(), to.data()); });
  const double run = Seconds([&] { Transpose(shape, unit, from.data(), to.data()); });
  const double bytes = static_cast<double>(size);
  fmt::print(
      "kernel: transpose {} x {} x {} bytes: {:.2f} GB/s (portable {:.2f}), ratio to memcpy "
      "{:.2f}\n",
      rows, columns, unit, bytes / run / 1e9, bytes / portable / 1e9, copy / run);
}

int Main(int argc, char** argv) {
  const int64_t experts = argc > 1 ? std::atoll(argv[1]) : 64;
  const int most_jobs = argc > 2 ? std::atoi(argv[2]) : 2;
  PrintPlan("48 layers x 128 experts, fuse", Layers(48, Fuse(128, false)));
  PrintPlan("48 layers x 128 experts, transposed", Layers(48, Fuse(128, true)));
  PrintPlan("48 layers x 128 experts, unfuse", Layers(48, Inverse(Fuse(128, true))));
  PrintPlan("transpose 151936 x 2048", TransposeOf(151936, kHidden));
  PrintPlan("transpose 2048 x 151936", TransposeOf(kHidden, 151936));
  PrintPlan("stack [H 48 4096]", Stack(48, 4096));
  PrintPlan("unstack [H 48 4096]", Inverse(Stack(48, 4096)));
  PrintPlan("stack [H 48 1]", Stack(48, 1));
  for (const uint32_t unit : {1u, 2u, 4u, 8u}) MeasureTranspose(kInner, kHidden, unit);
  for (int jobs = 1; jobs <= most_jobs; ++jobs) {
    Measure("fuse", Fuse(experts, false), jobs);
    Measure("fuse, transposed", Fuse(experts, true), jobs);
    Measure("unfuse", Inverse(Fuse(experts, false)), jobs);
    Measure("unfuse, transposed", Inverse(Fuse(experts, true)), jobs);
    Measure("transpose 37984 x 2048", TransposeOf(37984, kHidden), jobs);
    Measure("stack [H 12 4096]", Stack(12, 4096), jobs);
  }
  return 0;
}

}  // namespace
}  // namespace rr

int main(int argc, char** argv) { return rr::Main(argc, argv); }
