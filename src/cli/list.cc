#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/command.h"

namespace rr::cli {
namespace {

// Which systems speak a layout: "transformers>=5, automodel".
std::string SpokenBy(const RuleFile& file, const std::string& layout) {
  std::string text;
  for (const TargetRule& target : file.targets) {
    for (const TargetCase& one : target.cases) {
      if (one.weights.text != layout && one.adapters.text != layout) continue;
      if (!text.empty()) text += ", ";
      text += target.system.text;
      if (one.versions && one.place.source != nullptr)
        text +=
            " " + one.place.source->text().substr(one.place.begin, one.place.end - one.place.begin);
    }
  }
  return text;
}

}  // namespace

void AddList(CLI::App& app, Run* run) {
  struct Flags {
    std::vector<std::string> rules;
    std::string format = "text";
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "list", "list the families, their layouts and the systems that speak them");
  command->footer("Example:\n  rule-runner list");
  AddRulesFlag(command, &flags->rules);
  command->add_option("--format", flags->format, "text or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json"}));
  command->callback([flags, run] {
    *run = [flags] {
      RuleLibrary library(RealFiles(), RuleDirectories(flags->rules));
      Diagnostics diagnostics;
      Value::List families;
      std::string text = fmt::format("{:<16} {:<20} {}\n", "FAMILY", "LAYOUT", "SYSTEMS");
      for (const std::string& name : library.Families()) {
        const RulesPtr rules = library.Load(name, &diagnostics);
        if (rules == nullptr) continue;
        Value::List layouts;
        bool first = true;
        for (const CheckedLayout& layout : rules->layouts) {
          const std::string systems = SpokenBy(*rules->file, layout.name.text);
          text += fmt::format("{:<16} {:<20} {}\n", first ? name : "", layout.name.text, systems);
          first = false;
          layouts.push_back(Value(Value::Map{{"layout", layout.name.text}, {"systems", systems}}));
        }
        families.push_back(Value(Value::Map{
            {"family", name}, {"file", library.PathOf(name)}, {"layouts", std::move(layouts)}}));
      }
      Print(flags->format == "json" ? ToPrettyJson(Value(std::move(families))) + "\n" : text);
      return Show(diagnostics);
    };
  });
}

}  // namespace rr::cli
