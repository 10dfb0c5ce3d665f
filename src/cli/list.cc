#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

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
      if (one.versions) text += fmt::format(" {}", one.place.Text());
    }
  }
  return text;
}

struct ListedLayout {
  std::string name, systems;
};
struct ListedFamily {
  std::string name, file;
  std::vector<ListedLayout> layouts;
};

std::string TextTable(const std::vector<ListedFamily>& families) {
  std::string text = fmt::format("{:<16} {:<20} {}\n", "FAMILY", "LAYOUT", "SYSTEMS");
  for (const ListedFamily& family : families) {
    bool first = true;
    for (const ListedLayout& layout : family.layouts) {
      text +=
          fmt::format("{:<16} {:<20} {}\n", first ? family.name : "", layout.name, layout.systems);
      first = false;
    }
  }
  return text;
}

Value AsValue(const std::vector<ListedFamily>& families) {
  Value::List list;
  for (const ListedFamily& family : families) {
    Value::List layouts;
    for (const ListedLayout& layout : family.layouts)
      layouts.push_back(Value(Value::Map{{"layout", layout.name}, {"systems", layout.systems}}));
    list.push_back(Value(Value::Map{
        {"family", family.name}, {"file", family.file}, {"layouts", std::move(layouts)}}));
  }
  return Value(std::move(list));
}

// The layouts that more than one family has, the most common first.
std::vector<std::string> SharedLayouts(const std::vector<ListedFamily>& families) {
  std::vector<std::pair<std::string, int>> counts;
  for (const ListedFamily& family : families) {
    for (const ListedLayout& layout : family.layouts) {
      auto at = std::find_if(counts.begin(), counts.end(),
                             [&](const auto& count) { return count.first == layout.name; });
      if (at == counts.end()) at = counts.insert(counts.end(), {layout.name, 0});
      ++at->second;
    }
  }
  std::stable_sort(counts.begin(), counts.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> names;
  for (const auto& [name, count] : counts) {
    if (count > 1) names.push_back(name);
  }
  return names;
}

// A row per family, a column per layout that several have; a cell says which systems speak it.
std::string MarkdownTable(const std::vector<ListedFamily>& families) {
  const std::vector<std::string> columns = SharedLayouts(families);
  std::string text = "| family |";
  std::string rule = "|---|---|";
  for (const std::string& column : columns) {
    text += fmt::format(" `{}` |", column);
    rule += "---|";
  }
  text += " others |\n" + rule + "\n";
  for (const ListedFamily& family : families) {
    std::vector<std::string> cells(columns.size() + 1);
    for (const ListedLayout& layout : family.layouts) {
      const auto at = static_cast<size_t>(std::find(columns.begin(), columns.end(), layout.name) -
                                          columns.begin());
      std::string& cell = cells[at];
      if (at < columns.size()) {
        cell = layout.systems.empty() ? "yes" : layout.systems;
      } else {
        cell += fmt::format("{}`{}`{}{}", cell.empty() ? "" : "; ", layout.name,
                            layout.systems.empty() ? "" : ": ", layout.systems);
      }
    }
    text += fmt::format("| {} | {} |\n", family.name, fmt::join(cells, " | "));
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
  command->add_option("--format", flags->format, "text, json or markdown")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json", "markdown"}));
  command->callback([flags, run] {
    *run = [flags](const CLI::App& given) {
      RuleLibrary library(RealFiles(), RuleDirectories(flags->rules));
      Diagnostics diagnostics;
      std::vector<ListedFamily> families;
      for (const std::string& name : library.Families()) {
        const RulesPtr rules = library.Load(name, &diagnostics);
        if (rules == nullptr) continue;
        ListedFamily family{name, library.PathOf(name), {}};
        for (const CheckedLayout& layout : rules->layouts)
          family.layouts.push_back({layout.name.text, SpokenBy(*rules->file, layout.name.text)});
        families.push_back(std::move(family));
      }
      if (flags->format == "json") {
        Print(ToPrettyJson(AsValue(families)) + "\n");
      } else {
        Print(flags->format == "markdown" ? MarkdownTable(families) : TextTable(families));
      }
      return Show(given, diagnostics);
    };
  });
}

}  // namespace rr::cli
