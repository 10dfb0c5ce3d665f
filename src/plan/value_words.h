// Value words of two keys, composed: from the stored value of one layout to that of another.
#ifndef RULE_RUNNER_PLAN_VALUE_WORDS_H_
#define RULE_RUNNER_PLAN_VALUE_WORDS_H_

#include <optional>
#include <string>

#include "base/diagnostic.h"
#include "bind/model.h"
#include "plan/graph.h"
#include "syntax/rule_file.h"

namespace rr {

// stored = logical * multiply + add. The way back subtracts, then divides (or multiplies by
// `back`). Equal words on both sides go out. nullopt after an error: a factor that is no number, or
// zero.
std::optional<ValueOp> ComposeValueWords(const Model& model, const EntryRule& from,
                                         const EntryRule& to, Dtype from_dtype, Dtype to_dtype,
                                         Diagnostics* diagnostics);

bool SameOp(const ValueOp& a, const ValueOp& b);
std::string Describe(const ValueOp& op);  // "multiply by 0.353553, cast F32 to BF16"

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_VALUE_WORDS_H_
