// The flags that convert and plan share.
#ifndef RULE_RUNNER_CLI_CONVERT_FLAGS_H_
#define RULE_RUNNER_CLI_CONVERT_FLAGS_H_

#include <string>
#include <vector>

#include "cli/command.h"

namespace rr::cli {

struct ConvertFlags {
  ConvertRequest request;
  std::vector<std::string> rules;
  std::vector<std::string> allow;
  std::string dtype, engine = "copy", memory = "64MB", max_shard = "5GB";
};

void AddConvertFlags(CLI::App* command, ConvertFlags* flags);
// After parsing: texts into values.
void FinishConvertFlags(ConvertFlags* flags);

}  // namespace rr::cli

#endif  // RULE_RUNNER_CLI_CONVERT_FLAGS_H_
