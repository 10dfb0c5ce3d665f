// What the commands share: where rules are, how findings are shown, the flags that several of them
// have.
//
// Each command is one file with one function that adds a subcommand to the application. Arguments
// and exit codes live here, nothing else. Exit codes: 0 done, 1 findings or refused input, 2 usage,
// 3 internal error, 4 the operating system failed.
#ifndef RULE_RUNNER_CLI_COMMAND_H_
#define RULE_RUNNER_CLI_COMMAND_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/rule_library.h"
#include "run/convert.h"

namespace rr::cli {

constexpr int kDone = 0, kFindings = 1, kUsage = 2, kInternal = 3, kOsFailed = 4;

// Set by the callback of the subcommand that was given, and called with it.
using Run = std::function<int(const CLI::App& command)>;

void AddConvert(CLI::App& app, Run* run);
void AddMerge(CLI::App& app, Run* run);
void AddDiff(CLI::App& app, Run* run);
void AddExplain(CLI::App& app, Run* run);
void AddInspect(CLI::App& app, Run* run);
void AddPlan(CLI::App& app, Run* run);
void AddSynth(CLI::App& app, Run* run);
void AddLint(CLI::App& app, Run* run);
void AddTest(CLI::App& app, Run* run);
void AddList(CLI::App& app, Run* run);
void AddSchema(CLI::App& app, Run* run);

// --rules DIR..., then RULE_RUNNER_RULES (with ':' between), then the installed set beside the
// program.
std::vector<std::string> RuleDirectories(const std::vector<std::string>& given);
void AddRulesFlag(CLI::App* command, std::vector<std::string>* directories);

// --family --from --config --set --exclude --include --prefix --rename
void AddSourceFlags(CLI::App* command, SourceRequest* request);
// --fill zero. Not for merge, where what an adapter lacks stays as the base has it.
void AddFillFlag(CLI::App* command, SourceRequest* request);
// --set NAME=VALUE, any number of times
void AddSetFlag(CLI::App* command, SourceRequest* request);
// "NAME=VALUE" into request->set; throws CLI::ValidationError.
void ParseSettings(const std::vector<std::string>& texts, SourceRequest* request);
// "64MB", "5GB", "4096"
uint64_t ParseBytes(const std::string& text);

// Findings to stderr, with colour on a terminal. A help that names a flag which `command` does not
// have was written for another command, and is left out. Returns kFindings when there are errors,
// else kDone.
int Show(const CLI::App& command, const Diagnostics& diagnostics);
// Results to stdout.
void Print(const std::string& text);

}  // namespace rr::cli

#endif  // RULE_RUNNER_CLI_COMMAND_H_
