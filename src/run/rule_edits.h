// Rules as they might have been meant: one entry, or one table, written with one of the usual
// mistakes the other way round.
//
// Enters: checked rules and an entry that disagrees with a test. Leaves: edits, the likeliest
// first. Whoever asks applies each to the rules and sees whether the test then passes: an edit that
// explains what was found is a guess worth saying, any other is not.
#ifndef RULE_RUNNER_RUN_RULE_EDITS_H_
#define RULE_RUNNER_RUN_RULE_EDITS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "check/checked_rules.h"

namespace rr {

struct RuleEdit {
  std::string what;  // "`gate` and `up` are exchanged"
  std::string text;  // the expression as edited; empty when several are
  // Entries by their rule, with what takes the place of their expressions.
  std::vector<std::pair<const EntryRule*, AxisExpr>> changes;
};

std::vector<RuleEdit> EditsOf(const CheckedRules& rules, const CheckedLayout& layout,
                              const CheckedEntry& entry);

// The edits of an expression alone: parts of a sum exchanged, dimensions or axes exchanged,
// interleaved for concatenated and the other way round. Each expression once, the given one never.
std::vector<std::pair<std::string, AxisExpr>> ExpressionEdits(const AxisExpr& expr);

// The rules with the edit made; nullopt when they no longer hold together.
std::optional<CheckedRules> Apply(const CheckedRules& rules, const RuleEdit& edit);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_RULE_EDITS_H_
