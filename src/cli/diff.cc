#include "run/diff.h"

#include <memory>

#include "cli/command.h"

namespace rr::cli {

void AddDiff(CLI::App& app, Run* run) {
  struct Flags {
    DiffRequest request;
    std::vector<std::string> rules;
    std::string from_second, format = "text";
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "diff", "compare two checkpoints, or two adapters, whatever their layouts");
  command->footer("Example:\n  rule-runner diff Qwen3-30B-A3B converted");
  command->add_option("FIRST", flags->request.first.path, "a checkpoint or an adapter")->required();
  command->add_option("SECOND", flags->request.second.path, "another one of the same model")
      ->required();
  AddSourceFlags(command, &flags->request.first);
  AddFillFlag(command, &flags->request.first);
  command
      ->add_option("--from-second", flags->from_second,
                   "the layout or system of SECOND; found from the keys when not given")
      ->type_name("TARGET");
  command
      ->add_option("--tolerance", flags->request.tolerance,
                   "adapters: how much a change may differ, as a part of the weight's largest")
      ->capture_default_str();
  command->add_option("--jobs", flags->request.jobs, "threads; 0 is one per processor")
      ->type_name("N")
      ->check(CLI::Range(0, 256));
  AddRulesFlag(command, &flags->rules);
  command->add_option("--format", flags->format, "text or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json"}));
  command->callback([flags, run] {
    *run = [flags](const CLI::App& given) {
      SourceRequest& second = flags->request.second;
      const std::string path = second.path;
      second = flags->request.first;
      second.path = path;
      second.from = flags->from_second;
      RuleLibrary library(RealFiles(), RuleDirectories(flags->rules));
      Diagnostics diagnostics;
      const std::optional<DiffReport> report =
          Diff(RealFiles(), &library, flags->request, &diagnostics);
      const int code = Show(given, diagnostics);
      if (!report) return code == kDone ? kFindings : code;
      Print(flags->format == "json" ? ToPrettyJson(report->ToJson()) + "\n" : report->ToText());
      return report->equal() ? kDone : kFindings;
    };
  });
}

}  // namespace rr::cli
