// adapter_config.json of a converted adapter, as the loader of the destination wants it.
#ifndef RULE_RUNNER_RUN_ADAPTER_CONFIG_OUT_H_
#define RULE_RUNNER_RUN_ADAPTER_CONFIG_OUT_H_

#include <optional>

#include "base/diagnostic.h"
#include "base/value.h"
#include "bind/config.h"
#include "bind/targets.h"
#include "check/checked_rules.h"
#include "plan/adapter_conversion.h"

namespace rr {

// What `source` says and no field here decides is kept. Rank and alpha are those of most modules;
// the others are in rank_pattern and alpha_pattern, by patterns that begin with `^` and cannot
// overlap (PEFT sorts them when it writes, and takes the first that matches). RR513 when alpha is
// unknown and the loader needs it.
std::optional<Value> MakeAdapterConfig(const Config& source, const CheckedRules& rules,
                                       const CheckedLayout& from, const CheckedLayout& to,
                                       const ResolvedTarget& target,
                                       const AdapterConversion& conversion,
                                       Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_ADAPTER_CONFIG_OUT_H_
