#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "cli/rule_paths.h"
#include "report/render.h"

namespace rr::cli {
void AddLint(CLI::App& app, Run* run) {
  struct Flags {
    std::vector<std::string> paths, rules;
    std::string explain;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "lint",
      "check rule files: names, shapes, and the proof that nothing is lost or stored twice");
  command->footer("Example:\n  rule-runner lint rules\n  rule-runner lint --explain RR203");
  command->add_option("PATH", flags->paths,
                      "rule files, or folders of them; the installed rules when none is given");
  AddRulesFlag(command, &flags->rules);
  command->add_option("--explain", flags->explain, "explain a code and do nothing else")
      ->type_name("CODE");
  command->callback([flags, run] {
    *run = [flags] {
      if (!flags->explain.empty()) {
        for (const CodeInfo& info : AllCodes()) {
          if (info.Id() != flags->explain && info.name != flags->explain) continue;
          Print(fmt::format("{} {}\n{}\n{}\n", info.Id(), info.name, info.summary, info.advice));
          return kDone;
        }
        fmt::print(stderr, "there is no code `{}`\n", flags->explain);
        return kUsage;
      }
      const std::vector<std::string> directories = RuleDirectories(flags->rules);
      std::vector<std::string> paths = flags->paths.empty() ? directories : flags->paths;
      Diagnostics diagnostics;
      size_t count = 0;
      for (const std::string& file : RulePaths(paths)) {
        RuleLibrary library(RealFiles(), directories);
        Diagnostics own;
        const RulesPtr rules = library.LoadFile(file, &own);
        if (rules != nullptr && rules->valid)
          library.AdaptersOf(rules, RuleLibrary::Internal::kYes, &own);
        diagnostics.AppendNew(own);
        ++count;
      }
      const int code = Show(diagnostics);
      const std::string summary = SummaryLine(diagnostics);
      Print(fmt::format("{} rule file{}: {}\n", count, count == 1 ? "" : "s",
                        summary.empty() ? "no findings" : summary));
      return code;
    };
  });
}

}  // namespace rr::cli
