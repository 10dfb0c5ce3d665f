// TARGET on the command line: a layout (`megatron`), or systems with versions
// (`peft@0.19.1,transformers@5.4`).
#ifndef RULE_RUNNER_BIND_TARGETS_H_
#define RULE_RUNNER_BIND_TARGETS_H_

#include <optional>
#include <string>

#include "base/diagnostic.h"
#include "check/checked_rules.h"

namespace rr {

struct ResolvedTarget {
  std::string layout;
  const TargetCase* loader = nullptr;  // of a system; nullptr for a layout's own name
  std::string system;                  // "peft@0.19.1"; empty for a layout's own name
};

// The layout of these rules that the target speaks. nullopt after RR303 or RR305.
std::optional<ResolvedTarget> ResolveTarget(const CheckedRules& rules, const std::string& target,
                                            Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_TARGETS_H_
