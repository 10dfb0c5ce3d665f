#ifndef RULE_RUNNER_CLI_RULE_PATHS_H_
#define RULE_RUNNER_CLI_RULE_PATHS_H_

#include <string>
#include <vector>

namespace rr::cli {

// Rule files among paths: a folder stands for its files and those of its `quantization/`, without
// those of `common/` and `adapters/`, which are checked in the families that use them.
std::vector<std::string> RulePaths(const std::vector<std::string>& paths);

}  // namespace rr::cli

#endif  // RULE_RUNNER_CLI_RULE_PATHS_H_
