// The tensors of a conversion that is made in memory.
#ifndef RULE_RUNNER_RUN_GRAPH_TENSORS_H_
#define RULE_RUNNER_RUN_GRAPH_TENSORS_H_

#include <cstddef>
#include <vector>

#include "plan/graph.h"

namespace rr {

// Constants (F64, one element each) after the tensors, as a conversion numbers them.
std::vector<std::vector<std::byte>> WithConstants(std::vector<std::vector<std::byte>> tensors,
                                                  const std::vector<double>& constants);

// Zeros of the sizes of the destinations.
std::vector<std::vector<std::byte>> EmptyTensors(const Graph& graph);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_GRAPH_TENSORS_H_
