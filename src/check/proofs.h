// The parts of the static proof, one file each. Every part reports all it finds and depends on no
// other part's success.
#ifndef RULE_RUNNER_CHECK_PROOFS_H_
#define RULE_RUNNER_CHECK_PROOFS_H_

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/diagnostic.h"
#include "check/checked_rules.h"
#include "syntax/rule_file.h"

namespace rr {

// Derives the bias tensors and their keys (`bias: yes`).
void AddBiases(RuleFile* file, Diagnostics* diagnostics);
// Names in formulas, kinds, conditions, axes: RR302, RR304, RR306.
void CheckNames(const RuleFile& file, Diagnostics* diagnostics);
// `targets`: RR303, RR305.
void CheckTargets(const RuleFile& file, Diagnostics* diagnostics);
// Layouts with `like` resolved: RR303, RR212. Entries are still empty.
std::vector<CheckedLayout> ResolveLayouts(const RuleFile& file, Diagnostics* diagnostics);
// What expressions of one file are bound to, by all that decides it: layouts have most in common.
struct BoundForm {
  SharedList<Poly> shape;
  SharedList<CheckedLeaf> leaves;
};
using BoundForms = std::unordered_map<std::string, BoundForm>;
// The entries of one layout, placed and bound to tensors: RR102, RR202, RR203, RR204, RR208, RR209,
// RR210, RR212.
void BindEntries(const RuleFile& file, const std::vector<LogicalTensor>& tensors, BoundForms* forms,
                 CheckedLayout* layout, Diagnostics* diagnostics);
// The groups of `match` are the captures of `write`: RR105.
void CheckMatch(const EntryRule& rule, Diagnostics* diagnostics);
// What the entry's rule states besides its expression; false after a finding.
bool CheckStated(const EntryRule& rule, const std::vector<LogicalTensor>& tensors,
                 const CheckedEntry& entry, Diagnostics* diagnostics);
// `times`: the factor is a tensor of the block with no other axes than what it multiplies; this
// layout does not store it and says that it is 1; and a tensor has one factor, wherever it is
// stored: RR210.
void CheckTimes(const std::vector<LogicalTensor>& tensors, const CheckedLayout& layout,
                Diagnostics* diagnostics);
// Names that have no value where they stand: a size that differs with an index in the formula of
// one that does not, a kind in its own condition or in that of one decided before it: RR302.
void CheckUndecided(const RuleFile& file, const IndexAxes& indices, Diagnostics* diagnostics);
// Every tensor is stored exactly once in every layout: RR206, RR207.
void ProveCover(const CheckedRules& rules, Diagnostics* diagnostics);
// Keys are disjoint and decodable: RR103, RR104, RR105.
void ProveKeys(const CheckedRules& rules, Diagnostics* diagnostics);

// The finding is about `word`. Its help is the nearest of the names, with a fix where there is no
// doubt, or all of them: "did you mean `hub`?", "layouts: hub and megatron".
void SuggestName(Diagnostic* finding, const std::string& word,
                 const std::vector<std::string>& names, std::string_view what);
std::vector<std::string> AxisNames(const RuleFile& file);

// Whether all of `hold` can hold while none of `fail` does. Different kinds of one partition
// exclude each other; parts of conditions that are not kinds may be true or false as they like, so
// true means that nothing in the words of the conditions speaks against it.
bool CanHold(const RuleFile& file, const std::vector<const Formula*>& hold,
             const std::vector<const Formula*>& fail);
// Whether two conditions can never hold together, decided from kinds: different kinds of one
// partition exclude each other.
bool Exclude(const RuleFile& file, const std::optional<Formula>& a,
             const std::optional<Formula>& b);

}  // namespace rr

#endif  // RULE_RUNNER_CHECK_PROOFS_H_
