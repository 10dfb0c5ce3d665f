// Why a layout does not store an element, in words.
#ifndef RULE_RUNNER_RUN_WHY_NOWHERE_H_
#define RULE_RUNNER_RUN_WHY_NOWHERE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "bind/model.h"
#include "check/checked_rules.h"

namespace rr {

// For an element that Locate finds nowhere: a size, the kind of a layer, an alternative of
// `one of`, what the layout leaves out. Empty when none of these is the reason.
std::string WhyNowhere(const Model& model, const CheckedLayout& layout, int tensor,
                       const std::vector<int64_t>& indices);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_WHY_NOWHERE_H_
