// The attributes of a model's config that anything asks for.
#ifndef RULE_RUNNER_BIND_ASKED_ATTRIBUTES_H_
#define RULE_RUNNER_BIND_ASKED_ATTRIBUTES_H_

#include <set>
#include <string>
#include <vector>

#include "bind/rule_library.h"
#include "syntax/rule_file.h"

namespace rr {

// Those that the rules of a family's weights name, in whatever layout; those of adapter styles; and
// those that recognise a model and its quantisation.
std::set<std::string> AskedAttributes(const RuleFile& weights, const std::vector<StylePtr>& styles);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_ASKED_ATTRIBUTES_H_
