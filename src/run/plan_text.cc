#include "run/plan_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"

namespace rr {
namespace {

constexpr size_t kMostSteps = 200;

std::string RegionText(const Region& region) {
  std::string text;
  for (const RunDim& dim : region.outer) text += fmt::format("{}x(+{}) ", dim.n, dim.stride);
  return fmt::format("@{} {}{} units", region.start, text, region.run);
}

Value RegionJson(const Region& region) {
  Value::List outer;
  for (const RunDim& dim : region.outer)
    outer.push_back(Value(Value::List{Value(dim.n), Value(dim.stride)}));
  return Value(
      Value::Map{{"start", region.start}, {"outer", std::move(outer)}, {"run", region.run}});
}

}  // namespace

std::string CopyText(const StridedCopy& copy) {
  std::string text = fmt::format("{} -> {}", copy.src_start, copy.dst_start);
  for (const CopyDim& dim : copy.dims)
    text += fmt::format("  {}x(+{} -> +{})", dim.n, dim.src, dim.dst);
  return text;
}

std::string StepText(const Plan& plan, const Step& step) {
  std::string text = fmt::format("{} {}{}\n", plan.destinations[step.destination].key,
                                 RegionText(step.region), step.zero_fill ? " zero-filled" : "");
  for (const StepRead& read : step.reads) {
    text += fmt::format("  <- {} {}{}\n", plan.sources[read.source].key, RegionText(read.region),
                        read.kind == EdgeKind::kCompare ? " (compare)" : "");
  }
  return text;
}

std::string PlanText(const PreparedConversion& prepared) {
  const Plan& plan = prepared.plan;
  std::string text = prepared.report.ToText();
  for (size_t i = 0; i < std::min(plan.steps.size(), kMostSteps); ++i)
    text += StepText(plan, plan.steps[i]);
  if (plan.steps.size() > kMostSteps)
    text += fmt::format("... and {} more steps\n", plan.steps.size() - kMostSteps);
  return text;
}

std::string PlanJson(const PreparedConversion& prepared) {
  Value::List steps;
  for (const Step& step : prepared.plan.steps) {
    Value::List reads;
    for (const StepRead& read : step.reads) {
      reads.push_back(Value(Value::Map{{"source", prepared.plan.sources[read.source].key},
                                       {"region", RegionJson(read.region)},
                                       {"compare", read.kind == EdgeKind::kCompare}}));
    }
    steps.push_back(
        Value(Value::Map{{"destination", prepared.plan.destinations[step.destination].key},
                         {"region", RegionJson(step.region)},
                         {"reads", std::move(reads)}}));
  }
  return ToPrettyJson(
             Value(Value::Map{{"report", prepared.report.ToJson()}, {"steps", std::move(steps)}})) +
         "\n";
}

std::string GraphDot(const Graph& graph) {
  std::map<std::pair<uint32_t, uint32_t>, size_t> arrows;
  for (const Edge& edge : graph.edges) ++arrows[{edge.source, edge.destination}];
  std::string text = "digraph conversion {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const auto& [pair, count] : arrows) {
    text += fmt::format("  {} -> {}", JsonQuote(graph.sources[pair.first].key),
                        JsonQuote("-> " + graph.destinations[pair.second].key));
    text += count > 1 ? fmt::format(" [label=\"{}\"];\n", count) : ";\n";
  }
  return text + "}\n";
}

}  // namespace rr
