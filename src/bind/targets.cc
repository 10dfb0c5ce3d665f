#include "bind/targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/checkpoint_kind.h"
#include "base/text.h"

namespace rr {
namespace {

constexpr size_t kShownTargets = 60;

const Name& LayoutOf(const TargetCase& one, CheckpointKind kind) {
  return kind == CheckpointKind::kWeights ? one.weights : one.adapters;
}

// "a@1,b@2": the first is the system that is meant, the others are versions that its ranges may ask
// for.
struct Systems {
  std::string first;
  std::map<std::string, Version> versions;
};

std::optional<Systems> ReadSystems(const std::string& target, Diagnostics* diagnostics) {
  Systems systems;
  for (size_t begin = 0; begin <= target.size();) {
    const size_t comma = std::min(target.find(',', begin), target.size());
    const std::string part = target.substr(begin, comma - begin);
    const size_t at = part.find('@');
    const std::string name = part.substr(0, at);
    if (begin == 0) systems.first = name;
    if (at != std::string::npos) {
      std::optional<Version> version = Version::Parse(part.substr(at + 1));
      if (!version) {
        diagnostics->Add(
            Code::kBadTarget, {},
            fmt::format("`{}` is no version: it is written `{}@1.2.3`", part.substr(at + 1), name));
        return std::nullopt;
      }
      systems.versions[name] = *version;
    } else if (begin > 0) {
      diagnostics->Add(Code::kBadTarget, {},
                       fmt::format("a target is one system: behind `{}` come versions that decide "
                                   "what it stores, and `{}` is none",
                                   systems.first, part));
      return std::nullopt;
    }
    begin = comma + 1;
  }
  return systems;
}

// What can be given: layouts, and systems that speak one of them.
std::string Choices(const CheckedRules& rules, CheckpointKind kind) {
  std::vector<std::string> names;
  for (const CheckedLayout& layout : rules.layouts) {
    if (!layout.IsInternal()) names.push_back(layout.name.text);
  }
  for (const TargetRule& rule : rules.file->targets) {
    if (std::any_of(rule.cases.begin(), rule.cases.end(), [&](const TargetCase& one) {
          return rules.FindLayout(LayoutOf(one, kind).text) != nullptr;
        }))
      names.push_back(rule.system.text);
  }
  return fmt::format("targets: {}", JoinWords(names, kShownTargets));
}

// What can be written for a layout: its name, and the versions of systems that speak it.
std::string SpeakersOf(const RuleFile& file, const std::string& layout, CheckpointKind kind) {
  std::vector<std::string> speakers;
  for (const TargetRule& rule : file.targets) {
    for (const TargetCase& one : rule.cases) {
      if (LayoutOf(one, kind).text != layout) continue;
      speakers.push_back(one.versions ? fmt::format("{} {}", rule.system.text, one.place.Text())
                                      : rule.system.text);
    }
  }
  return fmt::format("write `{}`{}", layout,
                     speakers.empty() ? "; no system speaks it"
                                      : "; it is spoken by " + JoinWords(speakers, kShownTargets));
}

// Whether there is a version of each system that the ranges ask for.
bool AllGiven(const TargetRule& rule, const std::map<std::string, Version>& versions) {
  return std::all_of(rule.cases.begin(), rule.cases.end(), [&](const TargetCase& one) {
    return !one.versions ||
           std::all_of(one.versions->clauses.begin(), one.versions->clauses.end(),
                       [&](const auto& clause) { return versions.count(clause.system) > 0; });
  });
}

}  // namespace

std::optional<ResolvedTarget> ResolveTarget(const CheckedRules& rules, const std::string& target,
                                            Diagnostics* diagnostics) {
  if (rules.FindLayout(target) != nullptr) return ResolvedTarget{target, nullptr, {}};
  const CheckpointKind kind =
      rules.file->adapters ? CheckpointKind::kAdapter : CheckpointKind::kWeights;
  const RuleFile& file = *rules.file;
  const std::optional<Systems> systems = ReadSystems(target, diagnostics);
  if (!systems) return std::nullopt;
  const std::string& system = systems->first;
  const auto rule = std::find_if(file.targets.begin(), file.targets.end(),
                                 [&](const TargetRule& one) { return one.system.text == system; });
  if (rule == file.targets.end() && rules.FindLayout(system) != nullptr) {
    diagnostics
        ->Add(Code::kBadTarget, {},
              fmt::format("`{}`: `{}` is a layout, and only systems have versions", target, system))
        .help = SpeakersOf(file, system, kind);
    return std::nullopt;
  }
  if (rule == file.targets.end()) {
    std::vector<std::string> names = rules.LayoutNames();
    for (const TargetRule& one : file.targets) names.push_back(one.system.text);
    Diagnostic& d = diagnostics->Add(
        Code::kUnknownLayout, {},
        fmt::format("family `{}` has no layout and no target `{}`", file.family.text, system));
    d.help = DidYouMean(system, names);
    if (d.help.empty()) d.help = Choices(rules, kind);
    return std::nullopt;
  }
  const auto nothing = [&]() -> std::optional<ResolvedTarget> {
    diagnostics
        ->Add(Code::kUnknownLayout, rule->system.place,
              fmt::format("`{}` stores {}", system,
                          kind == CheckpointKind::kWeights ? "adapters, no weights of models"
                                                           : "weights, no adapters"))
        .help = Choices(rules, kind);
    return std::nullopt;
  };
  std::vector<std::string> ranges;
  for (const TargetCase& one : rule->cases) {
    const Name& layout = LayoutOf(one, kind);
    if (!one.versions || one.versions->Holds(systems->versions)) {
      if (layout.text.empty()) return nothing();
      if (rules.FindLayout(layout.text) != nullptr)
        return ResolvedTarget{layout.text, &one, target.substr(0, target.find(','))};
      diagnostics
          ->Add(Code::kUnknownLayout, layout.place,
                fmt::format(
                    "`{}` stands for `{}`, which in family `{}` is no {}", system, layout.text,
                    file.family.text,
                    kind == CheckpointKind::kWeights ? "layout of weights" : "layout of adapters"))
          .help = Choices(rules, kind);
      return std::nullopt;
    }
    if (layout.text.empty()) continue;
    ranges.push_back(fmt::format("{}: {}", one.place.Text(), layout.text));
  }
  if (ranges.empty()) return nothing();
  Diagnostic& d = diagnostics->Add(
      Code::kBadTarget, rule->system.place,
      AllGiven(*rule, systems->versions)
          ? fmt::format("no version range of `{}` has `{}`", system, target)
          : fmt::format("what `{}` stores depends on versions, and `{}` decides none of them",
                        system, target));
  d.help = fmt::format("write {}@VERSION; ranges: {}", system, JoinWords(ranges, 20));
  return std::nullopt;
}

}  // namespace rr
