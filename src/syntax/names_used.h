// Which axes, kinds and config attributes a family uses.
#ifndef RULE_RUNNER_SYNTAX_NAMES_USED_H_
#define RULE_RUNNER_SYNTAX_NAMES_USED_H_

#include <set>
#include <string>

#include "syntax/rule_file.h"

namespace rr {

// Every name that stands in an expression, a key, a place, a formula or a size, but for those that
// an axis uses for its own size alone.
std::set<std::string> NamesUsed(const RuleFile& file);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_NAMES_USED_H_
