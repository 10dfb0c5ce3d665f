// What lint looks for beyond the proof (check/): one pass per file.
//
// Enters: a family without errors. Leaves: findings. A pass depends on no other pass. Where a file
// extends others, a pass that asks whether something is used looks only at what the family's own
// file declares: what shared files declare is there for families that need it.
#ifndef RULE_RUNNER_LINT_PASSES_H_
#define RULE_RUNNER_LINT_PASSES_H_

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/detect.h"
#include "check/checked_rules.h"
#include "lint/config_attributes.h"
#include "lint/reached_parts.h"
#include "syntax/quant_format.h"
#include "syntax/quant_test.h"
#include "syntax/yaml_tree.h"

namespace rr {

struct LintContext {
  const CheckedRules& rules;           // of the family's weights, valid
  const CheckedRules* adapters;        // of its adapters; nullptr when they have errors
  SourcePtr source;                    // the file itself
  const ConfigAttributes* attributes;  // of real configs; nullptr when there is no such table
  const ReachedParts& reached;         // by the element tests of `rules`
  // Whether a place is in the file itself, and not in one that it extends.
  bool IsOwn(const Place& place) const { return place.source == source; }
};

// All of them, in the order of their codes.
void RunPasses(const LintContext& context, Diagnostics* diagnostics);
// Those that look at the form of one file, whatever it is merged with: each file once.
void RunFilePasses(const YamlNode& tree, Diagnostics* diagnostics);

// Of one file.
void FindDuplicateItems(const YamlNode& tree, Diagnostics* diagnostics);   // RR008
void FindWrongFamilyName(const YamlNode& tree, Diagnostics* diagnostics);  // RR012

// Of a file of quantisation formats: RR903, RR904.
void FindUntestedFormats(const std::vector<QuantFormat>& formats,
                         const std::vector<QuantTest>& tests, Diagnostics* diagnostics);

// Of a family.
void FindUnusedPrefixes(const LintContext& context, Diagnostics* diagnostics);        // RR106
void FindStoredKeysPassedOver(const LintContext& context, Diagnostics* diagnostics);  // RR107
void FindMissingReasons(const LintContext& context, Diagnostics* diagnostics);        // RR214
void FindIndistinguishableLayouts(const LintContext& context,
                                  Diagnostics* diagnostics);                         // RR215
void FindUnreachableLayouts(const LintContext& context, Diagnostics* diagnostics);   // RR216
void FindUnusedAxes(const LintContext& context, Diagnostics* diagnostics);           // RR308
void FindUnusedKinds(const LintContext& context, Diagnostics* diagnostics);          // RR309
void FindUnknownAttributes(const LintContext& context, Diagnostics* diagnostics);    // RR310
void FindVersionGaps(const LintContext& context, Diagnostics* diagnostics);          // RR311
void FindImpossibleDivisions(const LintContext& context, Diagnostics* diagnostics);  // RR312
void FindUnreachableKinds(const LintContext& context, Diagnostics* diagnostics);     // RR313
void FindUnknownModelTypes(const LintContext& context, Diagnostics* diagnostics);    // RR314
void FindImpossibleSizes(const LintContext& context, Diagnostics* diagnostics);      // RR315
void FindElementWiseCopies(const LintContext& context, Diagnostics* diagnostics);    // RR601
void FindBadTests(const LintContext& context, Diagnostics* diagnostics);             // RR902
void FindMissingTests(const LintContext& context, Diagnostics* diagnostics);         // RR903
void FindUntestedParts(const LintContext& context, Diagnostics* diagnostics);        // RR904
void FindEqualTestSizes(const LintContext& context, Diagnostics* diagnostics);       // RR905
void FindBlindTests(const LintContext& context, Diagnostics* diagnostics);           // RR906

}  // namespace rr

#endif  // RULE_RUNNER_LINT_PASSES_H_
