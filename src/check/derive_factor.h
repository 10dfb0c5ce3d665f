// The expression of one factor, from the expression of its weight and what a style says.
#ifndef RULE_RUNNER_CHECK_DERIVE_FACTOR_H_
#define RULE_RUNNER_CHECK_DERIVE_FACTOR_H_

#include <vector>

#include "base/diagnostic.h"
#include "syntax/adapter_style.h"
#include "syntax/rule_file.h"

namespace rr {

// Fills the expression, the tensors that share it and the value words of `entry`. `tensors` are
// those that the weight stores, `refine` what its layout writes axes as. False without a finding
// where the weight does not have the part that is asked for; false after RR213.
bool FillFactor(const std::vector<RefineRule>& refine, const AdapterStyle& style,
                const EntryRule& weight, const std::vector<const TensorRule*>& tensors,
                const AdapterKey& key, EntryRule* entry, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_CHECK_DERIVE_FACTOR_H_
