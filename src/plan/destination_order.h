// The order in which a graph's destinations are laid out.
#ifndef RULE_RUNNER_PLAN_DESTINATION_ORDER_H_
#define RULE_RUNNER_PLAN_DESTINATION_ORDER_H_

#include "plan/graph.h"

namespace rr {

// Destinations in the order of their first byte in the source: what was next to each other stays
// next to each other, so a per-expert file written from a fused one is one long copy.
void OrderDestinations(Graph* graph);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_DESTINATION_ORDER_H_
