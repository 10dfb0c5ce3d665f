#include "bind/targets.h"

#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

#include "base/checkpoint_kind.h"
#include "base/text.h"

namespace rr {

std::optional<ResolvedTarget> ResolveTarget(const CheckedRules& rules, const std::string& target,
                                            Diagnostics* diagnostics) {
  if (rules.FindLayout(target) != nullptr) return ResolvedTarget{target, nullptr, {}};
  const CheckpointKind kind =
      rules.file->adapters ? CheckpointKind::kAdapter : CheckpointKind::kWeights;
  const RuleFile& file = *rules.file;
  // "a@1,b@2": the first is the system that is meant, the others are versions that its ranges may
  // ask for.
  std::string system;
  std::map<std::string, Version> versions;
  for (size_t begin = 0; begin <= target.size();) {
    const size_t comma = std::min(target.find(',', begin), target.size());
    const std::string part = target.substr(begin, comma - begin);
    const size_t at = part.find('@');
    const std::string name = part.substr(0, at);
    if (system.empty()) system = name;
    if (at != std::string::npos) {
      std::optional<Version> version = Version::Parse(part.substr(at + 1));
      if (!version) {
        diagnostics->Add(
            Code::kBadTarget, {},
            fmt::format("`{}` is no version: it is written `{}@1.2.3`", part.substr(at + 1), name));
        return std::nullopt;
      }
      versions[name] = *version;
    }
    begin = comma + 1;
  }
  const TargetRule* rule = nullptr;
  for (const TargetRule& one : file.targets) {
    if (one.system.text == system) rule = &one;
  }
  if (rule == nullptr) {
    std::vector<std::string> names = rules.LayoutNames();
    for (const TargetRule& one : file.targets) names.push_back(one.system.text);
    Diagnostic& d = diagnostics->Add(
        Code::kUnknownLayout, {},
        fmt::format("family `{}` has no layout and no target `{}`", file.family.text, system));
    d.help = DidYouMean(system, names);
    if (d.help.empty()) d.help = fmt::format("targets: {}", JoinWords(names, 60));
    return std::nullopt;
  }
  std::vector<std::string> ranges;
  for (const TargetCase& one : rule->cases) {
    const Name& layout = kind == CheckpointKind::kWeights ? one.weights : one.adapters;
    if (layout.text.empty()) continue;
    if (!one.versions || one.versions->Holds(versions)) {
      if (rules.FindLayout(layout.text) != nullptr)
        return ResolvedTarget{layout.text, &one, target.substr(0, target.find(','))};
      diagnostics->Add(
          Code::kUnknownLayout, layout.place,
          fmt::format("`{}` stores {} as `{}`, which family `{}` does not have", system,
                      kind == CheckpointKind::kWeights ? "weights" : "adapters", layout.text,
                      file.family.text));
      return std::nullopt;
    }
    std::string text =
        one.place.source == nullptr
            ? ""
            : one.place.source->text().substr(one.place.begin, one.place.end - one.place.begin);
    ranges.push_back(fmt::format("{}: {}", text, layout.text));
  }
  Diagnostic& d = diagnostics->Add(
      Code::kBadTarget, rule->system.place,
      fmt::format("what `{}` stores depends on versions, and `{}` decides none of them", system,
                  target));
  d.help = fmt::format("write {}@VERSION; ranges: {}", system, JoinWords(ranges, 20));
  return std::nullopt;
}

}  // namespace rr
