// "Did you mean": the nearest right word as help, and as a fix where there is no doubt.
#ifndef RULE_RUNNER_BASE_SUGGEST_H_
#define RULE_RUNNER_BASE_SUGGEST_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace rr {

// The finding is about `word`. Fills `help` with the nearest of `candidates`; nothing when none is
// near. There is a fix when no other candidate is as near and the finding's place holds the word.
void Suggest(Diagnostic* finding, std::string_view word,
             const std::vector<std::string>& candidates);

}  // namespace rr

#endif  // RULE_RUNNER_BASE_SUGGEST_H_
