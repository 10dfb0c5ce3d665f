// The passes, one function and one file each. Each takes the graph as the pass before left it and
// must give the same bytes when any other optional pass is left out.
#ifndef RULE_RUNNER_PLAN_PASSES_H_
#define RULE_RUNNER_PLAN_PASSES_H_

#include "base/diagnostic.h"
#include "plan/graph.h"
#include "plan/plan.h"

namespace rr {

// fuse: fewest dims per edge, sorted by destination stride; empty edges are dropped.
void FusePass(Graph* graph);
// coalesce: edges between the same tensors that are shifted copies of one another, or lie end to
// end, become one.
void CoalescePass(Graph* graph);
// order: by destination, copies before compares, then by position; independent of the order the
// edges came in.
void OrderPass(Graph* graph);

// Units: makes every tensor one of whole bytes. 4- and 6-bit elements become bytes; RR509 where an
// edge moves runs of them that are no whole bytes (the edge is then dropped). Not a pass: an engine
// cannot do without it.
void ScaleToUnits(Graph* graph, Diagnostics* diagnostics);

// chunk: the edges of a graph in units (see ScaleToUnits) become the steps of `plan`.
void ChunkPass(const Graph& graph, const PlanOptions& options, Plan* plan);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_PASSES_H_
