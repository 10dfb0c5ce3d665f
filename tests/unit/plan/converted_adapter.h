// An adapter of the toy family, converted from one layout to another by both engines.
#ifndef RULE_RUNNER_TESTS_UNIT_PLAN_CONVERTED_ADAPTER_H_
#define RULE_RUNNER_TESTS_UNIT_PLAN_CONVERTED_ADAPTER_H_

#include <optional>
#include <string>
#include <utility>

#include "memory_io.h"
#include "plan/adapter_conversion.h"
#include "plan/plan.h"
#include "run/executor.h"
#include "run/reference.h"
#include "unit/bind/adapter_case.h"

namespace rr {

struct ConvertedAdapter {
  AdapterCase from;
  std::optional<AdapterConversion> conversion;
  std::string findings;
  Tensors tensors;
};

inline ReadTensor ReaderOf(const AdapterCase& made) {
  return [&made](uint32_t key) { return made.bytes[key]; };
}

inline ConvertedAdapter ConvertAdapter(AdapterCase from, const std::string& to,
                                       const ConversionOptions& options = {},
                                       const LoaderNeeds& needs = {}) {
  ConvertedAdapter made;
  made.from = std::move(from);
  REQUIRE(made.from.findings == "");
  REQUIRE(made.from.adapter.has_value());
  const CheckedLayout* layout = made.from.rules->FindLayout(to);
  REQUIRE(layout != nullptr);
  Diagnostics diagnostics;
  made.conversion =
      BuildAdapterConversion(*made.from.source, *made.from.adapter, made.from.table, *layout, needs,
                             options, ReaderOf(made.from), &diagnostics);
  made.findings = Findings(diagnostics);
  CHECK(made.conversion.has_value() == !diagnostics.HasErrors());
  if (!made.conversion) return made;
  const Graph& graph = made.conversion->conversion.graph;
  const TestReader reader(made.from.bytes);
  TestWriter fast(graph.destinations), slow(graph.destinations);
  Diagnostics found, found_slow;
  Execute(MakePlan(graph, {}, &found), reader, fast, {}, &found);
  ExecuteReference(graph, reader, slow, &found_slow);
  CHECK(Findings(found) == Findings(found_slow));
  if (found.HasErrors()) {
    made.findings += Findings(found);
    return made;
  }
  CHECK(fast.EverythingWritten());
  CHECK(fast.tensors() == slow.tensors());
  for (size_t i = 0; i < graph.destinations.size(); ++i) {
    const GraphTensor& tensor = graph.destinations[i];
    made.tensors[tensor.key] = TensorOf(tensor.shape, tensor.dtype, fast.tensors()[i].data());
  }
  return made;
}

// "model.layers.1.experts.down: rank 6 alpha 12 scale 2", one module a line.
inline std::string ModulesOf(const ConvertedAdapter& made) {
  if (!made.conversion) return made.findings;
  std::string out;
  for (const AdaptedModule& module : made.conversion->modules) {
    out += fmt::format("{}{}: rank {}", module.weight, module.parameter ? " (parameter)" : "",
                       module.rank);
    if (module.alpha) out += fmt::format(" alpha {:.6g}", *module.alpha);
    if (module.scale) out += fmt::format(" scale {:.6g}", *module.scale);
    out += "\n";
  }
  return out;
}

}  // namespace rr

#endif  // RULE_RUNNER_TESTS_UNIT_PLAN_CONVERTED_ADAPTER_H_
