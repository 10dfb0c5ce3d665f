// Layouts that store a factor once for all experts (shared-outer; Megatron's shared pair) hold only
// adapters whose experts have that factor in common. Copies that differ would be found while they
// are written; here they are found before, where it can still be said which experts differ and
// which layout has room for both.
#ifndef RULE_RUNNER_PLAN_ADAPTER_SHARED_H_
#define RULE_RUNNER_PLAN_ADAPTER_SHARED_H_

#include <map>

#include "base/diagnostic.h"
#include "bind/adapter_source.h"
#include "plan/adapter_groups.h"
#include "plan/factor_values.h"

namespace rr {

// RR504 for the first factor that `destination` stores once over an axis of its batch while the
// source has different ones there. Experts of different ranks or scales are left to the comparison
// of what is written, since zeros may fill them and scales may be folded. False after an error.
bool CheckShared(const AdapterSource& adapter, const CheckedRules& rules,
                 const BoundLayout& destination, const std::map<SliceKey, SourceRanks>& own,
                 FactorValues* values, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_ADAPTER_SHARED_H_
