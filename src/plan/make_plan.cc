#include <algorithm>
#include <array>

#include "plan/passes.h"

namespace rr {
namespace {

struct NamedPass {
  const char* name;
  void (*run)(Graph* graph);
};

constexpr std::array<NamedPass, 3> kPasses = {{
    {"fuse", FusePass},
    {"coalesce", CoalescePass},
    {"order", OrderPass},
}};

std::vector<PlanTensor> PlanTensorsOf(const std::vector<GraphTensor>& tensors) {
  std::vector<PlanTensor> result;
  result.reserve(tensors.size());
  for (const GraphTensor& tensor : tensors) {
    result.push_back({tensor.key, static_cast<uint32_t>(BitsOf(tensor.dtype) / 8), tensor.Count()});
  }
  return result;
}

void SumUp(Plan* plan) {
  for (const Step& step : plan->steps) {
    const uint64_t written =
        static_cast<uint64_t>(step.region.Count()) * plan->destinations[step.destination].unit;
    plan->bytes_written += written;
    plan->largest_write = std::max(plan->largest_write, written);
    for (const StepRead& read : step.reads) {
      const uint64_t bytes =
          static_cast<uint64_t>(read.region.Count()) * plan->sources[read.source].unit;
      plan->bytes_read += bytes;
      plan->largest_read = std::max(plan->largest_read, bytes);
    }
  }
}

}  // namespace

const std::vector<std::string>& PassNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const NamedPass& pass : kPasses) result.emplace_back(pass.name);
    result.emplace_back("chunk");
    return result;
  }();
  return names;
}

Graph OptimizeGraph(Graph graph, const PlanOptions& options) {
  for (const NamedPass& pass : kPasses) {
    const auto& disabled = options.disabled_passes;
    if (std::find(disabled.begin(), disabled.end(), pass.name) == disabled.end()) pass.run(&graph);
  }
  return graph;
}

Plan MakePlan(const Graph& graph, const PlanOptions& options, Diagnostics* diagnostics) {
  Graph optimized = OptimizeGraph(graph, options);
  ScaleToUnits(&optimized, diagnostics);
  Plan plan;
  plan.sources = PlanTensorsOf(optimized.sources);
  plan.destinations = PlanTensorsOf(optimized.destinations);
  plan.value_ops = optimized.value_ops;
  plan.products = optimized.products;
  ChunkPass(optimized, options, &plan);
  SumUp(&plan);
  return plan;
}

}  // namespace rr
