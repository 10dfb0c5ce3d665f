// The second engine: walks the graph edge by edge with xtensor views over whole tensors in memory.
// Slow, simple and written without looking at the passes, the plan or the kernels: the oracle that
// the executor is tested against, and
// `--engine reference`.
#ifndef RULE_RUNNER_RUN_REFERENCE_H_
#define RULE_RUNNER_RUN_REFERENCE_H_

#include "base/diagnostic.h"
#include "io/tensor_io.h"
#include "plan/graph.h"

namespace rr {

// Index i of `reader` is graph.sources[i], of `writer` graph.destinations[i]. Errors as Execute's.
void ExecuteReference(const Graph& graph, const TensorReader& reader, TensorWriter& writer,
                      Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_REFERENCE_H_
