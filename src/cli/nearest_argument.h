// What a command line that cannot be read may have meant.
#ifndef RULE_RUNNER_CLI_NEAREST_ARGUMENT_H_
#define RULE_RUNNER_CLI_NEAREST_ARGUMENT_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace rr::cli {

// "did you mean `convert`?" of the first word that is no command, "--form: did you mean `--from`?"
// of the first flag that its command does not have; empty where nothing is near.
std::string NearestArgument(CLI::App& app, const std::vector<std::string>& arguments);

}  // namespace rr::cli

#endif  // RULE_RUNNER_CLI_NEAREST_ARGUMENT_H_
