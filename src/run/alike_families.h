// Families that store a checkpoint's keys in the same way, of which no config says which it is.
//
// That does no harm as long as each of them would write the same; otherwise it is for the user to
// say which family it is. Families that lack the destination's layout cannot be meant.
#ifndef RULE_RUNNER_RUN_ALIKE_FAMILIES_H_
#define RULE_RUNNER_RUN_ALIKE_FAMILIES_H_

#include <vector>

#include "base/diagnostic.h"
#include "bind/detect.h"
#include "run/convert.h"

namespace rr {

// The family to read the source as: the detected one, or the first one alike that has the
// destination's layout where the detected one lacks it (nullptr: the detected one).
const Candidate* AlikeWithTarget(RuleLibrary* library, const ConvertRequest& request,
                                 const OpenedSource& source);

// false after RR409: one of `alike`, which store the source alike, would write something else.
bool WrittenAlike(const Files& files, RuleLibrary* library, const ConvertRequest& request,
                  const std::vector<Candidate>& alike, const PreparedConversion& prepared,
                  Diagnostics* diagnostics);

// The request, with the source read as the candidate says.
ConvertRequest ReadAs(const Candidate& candidate, ConvertRequest request);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_ALIKE_FAMILIES_H_
