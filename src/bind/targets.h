// TARGET on the command line: a layout (`megatron`), or systems with versions
// (`peft@0.19.1,transformers@5.4`).
#ifndef RULE_RUNNER_BIND_TARGETS_H_
#define RULE_RUNNER_BIND_TARGETS_H_

#include <optional>
#include <string>

#include "base/diagnostic.h"
#include "check/checked_rules.h"
#include "io/checkpoint.h"

namespace rr {

// The layout of this family that the target speaks for weights or adapters. nullopt after RR303 or
// RR305.
std::optional<std::string> ResolveTarget(const CheckedRules& rules, const std::string& target,
                                         CheckpointKind kind, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_TARGETS_H_
