// The two checkpoints of a comparison, read as one family.
//
// Where no config says which family they are of and several store their keys alike, that does no
// harm as long as each of them relates the two layouts in the same way; otherwise it is for the
// user to say which family is meant. A family that cannot read both is not meant.
#ifndef RULE_RUNNER_RUN_DIFF_SOURCES_H_
#define RULE_RUNNER_RUN_DIFF_SOURCES_H_

#include <optional>
#include <string>

#include "run/convert.h"
#include "run/diff.h"

namespace rr {

struct DiffSources {
  OpenedSource first, second;
};

// nullopt after an error; RR409: families that store both alike would compare them differently.
std::optional<DiffSources> OpenBoth(const Files& files, RuleLibrary* library,
                                    const DiffRequest& request, Diagnostics* diagnostics);

// How the first is converted to what the second has.
ConvertRequest ConversionOf(const DiffRequest& request, const OpenedSource& second);
// The layout of weights in whose factors two adapters are compared: any will do.
std::string LayoutOfFactors(const CheckedRules& rules);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_DIFF_SOURCES_H_
