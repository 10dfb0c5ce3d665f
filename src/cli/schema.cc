#include <fmt/format.h>

#include <filesystem>

#include "cli/command.h"

namespace rr::cli {

void AddSchema(CLI::App& app, Run* run) {
  CLI::App* command =
      app.add_subcommand("schema", "print the JSON Schema of rule files, for editors");
  command->footer("Example:\n  rule-runner schema > rule-file.schema.json");
  command->callback([run] {
    *run = [](const CLI::App&) {
      std::error_code error;
      const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
      const std::string installed =
          (program.parent_path().parent_path() / "share" / "rule-runner" / "rule-file.schema.json")
              .string();
      for (const std::string& path :
           {installed, std::string(RULE_RUNNER_SOURCE_RULES "/../grammar/rule-file.schema.json")}) {
        if (RealFiles().KindOf(path) != FileKind::kFile) continue;
        Print(ReadSmallFile(RealFiles(), path).value_or(""));
        return kDone;
      }
      fmt::print(stderr, "error: the schema is not installed\n");
      return kOsFailed;
    };
  });
}

}  // namespace rr::cli
