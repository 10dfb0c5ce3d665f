// `rule-runner lint --against DIR|GIT-REF`.
#ifndef RULE_RUNNER_CLI_LINT_AGAINST_H_
#define RULE_RUNNER_CLI_LINT_AGAINST_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace rr::cli {

struct AgainstFlags {
  std::string against;             // a folder of rules, or what git calls a version
  std::vector<std::string> paths;  // rule files or folders of them; none: `directories`
  std::vector<std::string> directories;
  bool json = false;
  bool fail_on_change = false;
};

int LintAgainst(const CLI::App& command, const AgainstFlags& flags);

}  // namespace rr::cli

#endif  // RULE_RUNNER_CLI_LINT_AGAINST_H_
