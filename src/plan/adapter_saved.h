// Weights that an adapter holds as a whole (modules_to_save): they move as in a conversion of
// weights.
#ifndef RULE_RUNNER_PLAN_ADAPTER_SAVED_H_
#define RULE_RUNNER_PLAN_ADAPTER_SAVED_H_

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/bind_source.h"
#include "plan/edge_builder.h"

namespace rr {

// Adds the edges, and returns what the destination has no place for. RR402 where it stores in one
// tensor what the adapter has only a part of.
std::vector<std::string> MoveSaved(const BoundSource& source, const BoundLayout& destination,
                                   EdgeBuilder* edges, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_ADAPTER_SAVED_H_
