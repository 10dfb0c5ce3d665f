// --rank: all modules of the destination get one rank, and keep their scale.
#ifndef RULE_RUNNER_PLAN_ADAPTER_RANK_H_
#define RULE_RUNNER_PLAN_ADAPTER_RANK_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/adapter_source.h"
#include "plan/adapter_groups.h"
#include "plan/factor_values.h"

namespace rr {

// Smaller ranks are filled with zeros; alpha grows with the rank (rsLoRA: with its root), so that
// the scale stays. Of larger ones those at the end of a part go that are zero in A or in B, as few
// as need be. RR512 where others remain.
void GiveRank(const AdapterSource& source, const CheckedRules& rules, int64_t rank,
              FactorValues* values, std::map<SliceKey, SourceRanks>* own,
              std::vector<SliceGroup>* groups, std::vector<std::string>* notes,
              Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_ADAPTER_RANK_H_
