// Regexes that authors write (`match`, `ignore`, `pass`): RE2's language, checked where they stand.
#ifndef RULE_RUNNER_SYNTAX_REGEX_H_
#define RULE_RUNNER_SYNTAX_REGEX_H_

#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"

namespace rr {

// RR105 for what RE2 refuses, and for a regex that matches the empty text or every key.
bool CheckRegex(const SpannedText& regex, Diagnostics* diagnostics);
// RR105 for what RE2 refuses.
bool CompilesAsRegex(const SpannedText& regex, Diagnostics* diagnostics);
// `pattern` with \0 .. \9 replaced by the groups of an anchored match of `text`; nullopt when the
// regex does not match it.
std::optional<std::string> RewriteIfMatches(const std::string& regex, const std::string& text,
                                            const std::string& pattern);
// The first of the texts that the regex matches as a whole; nullopt when there is none.
std::optional<size_t> FirstMatch(const std::string& regex, const std::vector<std::string>& texts);
// The names of its named groups, in the order of the regex; empty when it is no regex.
std::vector<std::string> GroupNames(const std::string& regex);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_REGEX_H_
