// What a checkpoint is, and why: the text and JSON of `rule-runner inspect`.
#ifndef RULE_RUNNER_RUN_INSPECT_H_
#define RULE_RUNNER_RUN_INSPECT_H_

#include <string>

#include "base/diagnostic.h"
#include "base/value.h"
#include "run/open_source.h"

namespace rr {

// At least: family, layout, candidates, unmatched, missing. `loadable` names the targets that speak
// the layout.
Value InspectJson(const OpenedSource& source, const Diagnostics& diagnostics);
std::string InspectText(const OpenedSource& source);
// Whether every key is accounted for by one family, in one layout or in each of those that are
// left.
bool IsAccountedFor(const OpenedSource& source, const Diagnostics& diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_INSPECT_H_
