// Regexes that authors write (`match`, `ignore`, `pass`): RE2's language, checked where they stand.
#ifndef RULE_RUNNER_SYNTAX_REGEX_H_
#define RULE_RUNNER_SYNTAX_REGEX_H_

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"

namespace rr {

// RR105 for what RE2 refuses, and for a regex that matches the empty text or every key.
bool CheckRegex(const SpannedText& regex, Diagnostics* diagnostics);
// The names of its named groups, in the order of the regex; empty when it is no regex.
std::vector<std::string> GroupNames(const std::string& regex);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_REGEX_H_
