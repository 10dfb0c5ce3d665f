// The modules that adapters of a layout may have, by name.
//
// `target_modules` of adapter_config.json means every module whose name ends so: a short name is
// right only where no other module of the model has it, adapted or not.
#ifndef RULE_RUNNER_PLAN_ADAPTER_MODULES_H_
#define RULE_RUNNER_PLAN_ADAPTER_MODULES_H_

#include <string>
#include <vector>

#include "bind/bound_layout.h"

namespace rr {

// Those of `bound`, and those of the blocks that its choice leaves out. Where the sizes or the
// condition of such a block are unknown, the first of each of its keys stands for all: the model
// may have them.
std::vector<std::string> AllModules(const Model& model, const BoundLayout& bound);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_ADAPTER_MODULES_H_
