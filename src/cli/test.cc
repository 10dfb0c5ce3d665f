#include <fmt/format.h>

#include <memory>
#include <random>

#include "cli/command.h"
#include "cli/rule_paths.h"
#include "run/test_rule_files.h"

namespace rr::cli {

void AddTest(CLI::App& app, Run* run) {
  struct Flags {
    std::vector<std::string> paths, rules;
    uint64_t seed = 0;
    int jobs = 0;
    bool quick = false;
    bool no_round_trips = false;
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
  command
      ->add_option("--jobs", flags->jobs,
                   "files that are tested at once; as many as there are processors when 0")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--quick", flags->quick,
                    "leave out the round trips of adapters, which take most of the time");
  command->add_flag("--no-round-trips", flags->no_round_trips,
                    "only what the tests of the files say, in a fraction of the time");
  command->callback([flags, run] {
    *run = [flags](const CLI::App& given) {
      TestFilesRequest request;
      NamedRules rules = FindRules(flags->paths, RuleDirectories(flags->rules), Purpose::kTest);
      request.paths = std::move(rules.files);
      request.directories = std::move(rules.directories);
      request.seed = flags->seed != 0 ? flags->seed : std::random_device()() | 1;
      request.jobs = flags->jobs;
      request.quick = flags->quick;
      request.round_trips = !flags->no_round_trips;
      bool good = true;
      TestRuleFiles(RealFiles(), request, [&](const RuleFileResult& result) {
        const RuleTestReport& report = result.report;
        const bool passed = Show(given, result.diagnostics) == kDone;
        good = good && passed;
        Print(fmt::format(
            "{} {}: {} elements, {}{} round trips, {} of adapters{}, seed {}\n",
            passed ? "ok  " : "FAIL", result.path, report.elements,
            report.facts > 0 ? fmt::format("{} other facts, ", report.facts) : "",
            report.round_trips, report.adapter_round_trips,
            report.skipped > 0
                ? fmt::format(", {} skipped by `require`, `partial` or `default`", report.skipped)
                : "",
            request.seed));
      });
      return good ? kDone : kFindings;
    };
  });
}

}  // namespace rr::cli
