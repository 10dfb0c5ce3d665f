// What a tensor that two layouts pass is called in the second one.
#ifndef RULE_RUNNER_PLAN_PASSED_NAME_H_
#define RULE_RUNNER_PLAN_PASSED_NAME_H_

#include <string>

#include "check/checked_rules.h"

namespace rr {

// Where both have the tree that the key belongs to, the destination's beginning takes the place of
// the source's, with the same number in it if it has one; else the name stays. Whether the
// destination lets it pass is another question.
std::string PassedName(const CheckedLayout& source, const CheckedLayout& destination,
                       const std::string& name);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_PASSED_NAME_H_
