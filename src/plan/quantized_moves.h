// Edges between quantised weights as edges between their codes, scales and other parts.
//
// Enters: a graph in which such a weight is one tensor of elements. Leaves: the graph of what is
// really stored. Nothing is computed: codes and scales move as they are, or the conversion is
// refused.
#ifndef RULE_RUNNER_PLAN_QUANTIZED_MOVES_H_
#define RULE_RUNNER_PLAN_QUANTIZED_MOVES_H_

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/key_table.h"
#include "plan/conversion.h"
#include "plan/graph.h"

namespace rr {

// Where the table gives codes: a weight's parts become tensors of their own on both sides. RR501
// where blocks would be cut, a part has no place, or another dtype is asked for. Where it gives
// values, only the order in which their elements come is set right. `notes` says which formats were
// moved.
void ResolveQuantized(const KeyTable& table, const ConversionOptions& options, Graph* graph,
                      std::vector<std::string>* notes, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_QUANTIZED_MOVES_H_
