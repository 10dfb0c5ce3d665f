// What an adapter holds besides pairs of A and B. Servers compute with pairs only: they refuse an
// adapter that has more, and what they are given must be merged into the model instead.
#ifndef RULE_RUNNER_PLAN_ADAPTER_PAIRS_H_
#define RULE_RUNNER_PLAN_ADAPTER_PAIRS_H_

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/bound_layout.h"

namespace rr {

struct BeyondPairs {
  std::vector<std::string> keys;  // the first of each kind, then the others as they are stored
  std::string kinds;              // "2 DoRA magnitudes and 1 bias of B (lora_bias)"
  // Nothing but weights of modules that have pairs as well, as PEFT saves embeddings that it
  // adapts: mostly the model's own, and servers pass them over.
  bool wrapped = false;
};

// Magnitudes, biases of B, and weights that are stored as a whole.
BeyondPairs BeyondPairsOf(const BoundLayout& bound, const CheckedRules& rules);

// Who takes only pairs, for messages: "vllm@0.20", and where its rule stands.
struct PairsLoader {
  std::string system;
  Place place;
};

// RR502 where `bound`, the destination of that loader, has anything else. With `leave_out` it is
// taken out of `bound` instead. False after an error.
bool KeepPairs(const PairsLoader& loader, const CheckedRules& rules, bool leave_out,
               BoundLayout* bound, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_ADAPTER_PAIRS_H_
