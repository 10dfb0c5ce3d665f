// `target` of a test: what a system with versions stands for.
#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/checkpoint_kind.h"
#include "base/text.h"
#include "bind/targets.h"
#include "run/rule_tests.h"

namespace rr {
namespace {

constexpr std::string_view kNoLayout = "none";

std::string Modules(const TargetCase& loader) {
  std::vector<std::string> names;
  for (const std::string& name : loader.target_modules) names.push_back(fmt::format("`{}`", name));
  return names.empty() ? "nothing" : JoinWords(names, names.size());
}

// What the loader of adapters is to be, and is not: "`bake: rslora` is no, the test says yes".
std::vector<std::string> WrongSettings(const TargetCase& found, const TargetCase& said) {
  std::vector<std::string> wrong;
  if (found.target_modules != said.target_modules)
    wrong.push_back(
        fmt::format("`target_modules+` is {}, the test says {}", Modules(found), Modules(said)));
  const auto yes_or_no = [](bool yes) { return yes ? "yes" : "no"; };
  static constexpr std::pair<const char*, bool TargetCase::*> kSettings[] = {
      {"bake: rslora", &TargetCase::bake_rslora},
      {"one scale", &TargetCase::one_scale},
      {"uniform", &TargetCase::uniform},
      {"only pairs", &TargetCase::only_pairs}};
  for (const auto& [name, setting] : kSettings) {
    if (found.*setting != said.*setting)
      wrong.push_back(fmt::format("`{}` is {}, the test says {}", name, yes_or_no(found.*setting),
                                  yes_or_no(said.*setting)));
  }
  return wrong;
}

void TestTarget(const RuleTests& tests, const TestRule& test, CheckpointKind kind,
                const CheckedRules& rules, const Name& said) {
  ++tests.report->facts;
  Diagnostics refused;
  const std::optional<ResolvedTarget> found = ResolveTarget(rules, test.target->text, &refused);
  const std::string layout = found ? found->layout : std::string(kNoLayout);
  const bool adapters = kind == CheckpointKind::kAdapter;
  if (layout != said.text) {
    const auto shown = [](const std::string& name) {
      return name == kNoLayout ? "no layout" : fmt::format("`{}`", name);
    };
    Diagnostic& failure = tests.diagnostics->Add(
        Code::kTestFailed, said.place,
        fmt::format("`{}` means {} for {}, the test says {}", test.target->text, shown(layout),
                    adapters ? "adapters" : "weights", shown(said.text)));
    if (found && found->loader != nullptr)
      failure.notes.push_back({found->loader->place, "it says so here"});
    for (const Diagnostic& why : refused.all())
      failure.notes.push_back(
          {why.place, why.help.empty() ? why.message : why.message + "; " + why.help});
    return;
  }
  if (!found || !adapters) return;
  const TargetCase none;
  const TargetCase& loader = found->loader != nullptr ? *found->loader : none;
  for (const std::string& wrong : WrongSettings(loader, test.speaks)) {
    Diagnostic& failure =
        tests.diagnostics->Add(Code::kTestFailed, test.target->place(),
                               fmt::format("of `{}` {}", test.target->text, wrong));
    if (found->loader != nullptr) failure.notes.push_back({loader.place, "it says so here"});
  }
}

}  // namespace

void RunTargetTests(const RuleTests& tests) {
  for (const TestRule& test : tests.weights.file->tests) {
    if (!test.target) continue;
    if (!test.speaks.weights.text.empty())
      TestTarget(tests, test, CheckpointKind::kWeights, tests.weights, test.speaks.weights);
    if (!test.speaks.adapters.text.empty() && tests.adapters != nullptr)
      TestTarget(tests, test, CheckpointKind::kAdapter, *tests.adapters, test.speaks.adapters);
  }
}

}  // namespace rr
