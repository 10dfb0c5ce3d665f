// Two ranks that one setting of a trainer gives: `scaled rank` of an adapter style.
#ifndef RULE_RUNNER_BIND_SCALED_RANK_H_
#define RULE_RUNNER_BIND_SCALED_RANK_H_

#include <cstdint>
#include <optional>

#include "bind/config.h"
#include "bind/model.h"
#include "check/checked_rules.h"
#include "syntax/adapter_style.h"

namespace rr {

// Whether the rank of this linear tensor is the scaled one.
bool IsScaled(const ScaledRank& scaled, const LogicalTensor& weight);
// The scaled rank where the others have `rank`; nullopt when the model does not say, or when it is
// no rank.
std::optional<int64_t> ScaledRankOf(const ScaledRank& scaled, int64_t rank, const Model& model);
// Whether adapter_config.json says that its `r` is meant so.
bool HasStamp(const ScaledRank& scaled, const Config& adapter_config);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_SCALED_RANK_H_
