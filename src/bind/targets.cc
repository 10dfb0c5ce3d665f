#include "bind/targets.h"

#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

#include "base/text.h"

namespace rr {

namespace {

// "a@1,b@2": the first is the system that is meant, the others are versions that its ranges may ask
// for.
struct WantedTarget {
  std::string system;
  std::map<std::string, Version> versions;
};

std::optional<WantedTarget> ParseTarget(const std::string& text, Diagnostics* diagnostics) {
  WantedTarget wanted;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, comma - begin);
    const size_t at = part.find('@');
    const std::string name = part.substr(0, at);
    if (wanted.system.empty()) wanted.system = name;
    if (at != std::string::npos) {
      const std::optional<Version> version = Version::Parse(part.substr(at + 1));
      if (!version) {
        diagnostics->Add(
            Code::kBadTarget, {},
            fmt::format("`{}` is no version: it is written `{}@1.2.3`", part.substr(at + 1), name));
        return std::nullopt;
      }
      wanted.versions[name] = *version;
    }
    begin = comma + 1;
  }
  return wanted;
}

const TargetRule* FindTarget(const CheckedRules& rules, const std::string& system,
                             Diagnostics* diagnostics) {
  const TargetRule* found = nullptr;
  std::vector<std::string> names = rules.LayoutNames();
  for (const TargetRule& target : rules.file->targets) {
    if (target.system.text == system) found = &target;
    names.push_back(target.system.text);
  }
  if (found != nullptr) return found;
  Diagnostic& d = diagnostics->Add(
      Code::kUnknownLayout, {},
      fmt::format("family `{}` has no layout and no target `{}`", rules.file->family.text, system));
  d.help = DidYouMean(system, names);
  if (d.help.empty()) d.help = fmt::format("targets: {}", JoinWords(names, 60));
  return nullptr;
}

}  // namespace

std::optional<ResolvedTarget> ResolveTarget(const CheckedRules& rules, const std::string& target,
                                            Diagnostics* diagnostics) {
  if (rules.FindLayout(target) != nullptr) return ResolvedTarget{target, nullptr, {}};
  const std::optional<WantedTarget> wanted = ParseTarget(target, diagnostics);
  if (!wanted) return std::nullopt;
  const TargetRule* rule = FindTarget(rules, wanted->system, diagnostics);
  if (rule == nullptr) return std::nullopt;
  const bool adapters = rules.file->adapters;
  std::vector<std::string> ranges;
  for (const TargetCase& one : rule->cases) {
    const Name& layout = adapters ? one.adapters : one.weights;
    if (layout.text.empty()) continue;
    if (one.versions && !one.versions->Holds(wanted->versions)) {
      ranges.push_back(fmt::format("{}: {}", one.place.Text(), layout.text));
      continue;
    }
    if (rules.FindLayout(layout.text) != nullptr)
      return ResolvedTarget{layout.text, &one, target.substr(0, target.find(','))};
    diagnostics->Add(
        Code::kUnknownLayout, layout.place,
        fmt::format("`{}` stores {} as `{}`, which family `{}` does not have", wanted->system,
                    adapters ? "adapters" : "weights", layout.text, rules.file->family.text));
    return std::nullopt;
  }
  diagnostics
      ->Add(Code::kBadTarget, rule->system.place,
            fmt::format("what `{}` stores depends on versions, and `{}` decides none of them",
                        wanted->system, target))
      .help = fmt::format("write {}@VERSION; ranges: {}", wanted->system, JoinWords(ranges, 20));
  return std::nullopt;
}

}  // namespace rr
