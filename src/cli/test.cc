#include <fmt/format.h>

#include <memory>
#include <random>

#include "cli/command.h"
#include "cli/rule_paths.h"
#include "run/rule_tests.h"

namespace rr::cli {

void AddTest(CLI::App& app, Run* run) {
  struct Flags {
    std::vector<std::string> paths, rules;
    uint64_t seed = 0;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "test", "run the tests of rule files, and round trips of every pair of layouts");
  command->footer(
      "Example:\n  rule-runner test rules\n  rule-runner test rules/qwen3_moe.yaml --seed 7");
  command->add_option("PATH", flags->paths,
                      "rule files, or folders of them; the installed rules when none is given");
  AddRulesFlag(command, &flags->rules);
  command
      ->add_option("--seed", flags->seed,
                   "for the sizes of the round trips; random when 0, and printed")
      ->type_name("N");
  command->callback([flags, run] {
    *run = [flags] {
      const std::vector<std::string> directories = RuleDirectories(flags->rules);
      const uint64_t seed = flags->seed != 0 ? flags->seed : std::random_device()() | 1;
      bool good = true;
      for (const std::string& file : RulePaths(flags->paths.empty() ? directories : flags->paths)) {
        RuleLibrary library(RealFiles(), directories);
        Diagnostics diagnostics;
        const RulesPtr rules = library.LoadFile(file, &diagnostics);
        RuleTestReport report;
        if (rules != nullptr && rules->valid) {
          RunElementTests(*rules, &report, &diagnostics);
          RunRoundTrips(*rules, seed, &report, &diagnostics);
          const RulesPtr adapters =
              library.AdaptersOf(rules, RuleLibrary::Internal::kNo, &diagnostics);
          if (adapters->valid) RunAdapterRoundTrips(*adapters, seed, &report, &diagnostics);
        }
        const bool passed = Show(diagnostics) == kDone;
        good = good && passed;
        Print(fmt::format(
            "{} {}: {} elements, {} round trips, {} of adapters{}, seed {}\n",
            passed ? "ok  " : "FAIL", file, report.elements, report.round_trips,
            report.adapter_round_trips,
            report.skipped > 0
                ? fmt::format(", {} skipped by `require`, `partial` or `default`", report.skipped)
                : "",
            seed));
      }
      return good ? kDone : kFindings;
    };
  });
}

}  // namespace rr::cli
