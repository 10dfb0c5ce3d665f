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

// Adds the edges.
void MoveSaved(const BoundSource& source, const BoundLayout& destination, EdgeBuilder* edges,
               Diagnostics* diagnostics);
// What the destination has no place for.
std::vector<std::string> LostSaved(const BoundSource& source, const BoundLayout& destination);
// RR402 where the destination stores in one tensor what the adapter has only a part of.
void CheckSavedWhole(const BoundSource& source, const BoundLayout& destination,
                     Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_ADAPTER_SAVED_H_
