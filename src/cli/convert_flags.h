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
  std::string dtype, fuse = "auto", engine = "copy", memory = "64MB", max_shard = "5GB";
  int64_t rank = 0;  // 0: as it follows
};

// A merge writes no adapters: it lacks the flags that say how, and without `--to` it keeps the
// base's layout.
void AddConvertFlags(CLI::App* command, ConvertFlags* flags, bool writes_adapters = true);
// Throws OsError where the folder of a report does not exist: before the conversion, not behind it.
void CheckReportFolder(const std::string& path);
// Prints the report and the findings, writes the report as JSON where `path` is not empty. The exit
// code.
int ShowReport(const CLI::App& command, const std::optional<RunReport>& report,
               const std::string& path, const Diagnostics& diagnostics);
// After parsing: texts into values.
void FinishConvertFlags(ConvertFlags* flags);

}  // namespace rr::cli

#endif  // RULE_RUNNER_CLI_CONVERT_FLAGS_H_
