#include "run/alike_families.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "bind/targets.h"

namespace rr {
namespace {

const std::string& FamilyOf(const RulesPtr& rules) { return rules->file->family.text; }

bool HasTarget(RuleLibrary* library, const ConvertRequest& request, CheckpointKind kind,
               const RulesPtr& found) {
  Diagnostics ignored;
  // Rules of adapters may be derived in part only, for the keys that were found.
  const RulesPtr weights = library->Load(FamilyOf(found), &ignored);
  const RulesPtr rules = library->Of(weights, kind, request.source.internal, &ignored);
  return rules != nullptr && ResolveTarget(*rules, request.to, &ignored).has_value();
}

bool SameResult(const PreparedConversion& a, const PreparedConversion& b) {
  const auto config = [](const PreparedConversion& one) {
    return one.adapter_config ? ToJson(*one.adapter_config) : std::string();
  };
  return SameEffect(a.conversion, b.conversion) && config(a) == config(b);
}

}  // namespace

const Candidate* AlikeWithTarget(RuleLibrary* library, const ConvertRequest& request,
                                 const OpenedSource& source) {
  const std::vector<Candidate>& alike = source.detection.alike;
  if (alike.empty() || request.to.empty() ||
      HasTarget(library, request, source.checkpoint.kind, source.rules))
    return nullptr;
  for (const Candidate& candidate : alike) {
    if (HasTarget(library, request, source.checkpoint.kind, candidate.rules)) return &candidate;
  }
  return nullptr;
}

bool WrittenAlike(const Files& files, RuleLibrary* library, const ConvertRequest& request,
                  const std::vector<Candidate>& alike, const PreparedConversion& prepared,
                  Diagnostics* diagnostics) {
  const OpenedSource& source = prepared.source;
  std::vector<std::string> others;
  for (const Candidate& candidate : alike) {
    if (request.to.empty() || FamilyOf(candidate.rules) == FamilyOf(source.rules) ||
        !HasTarget(library, request, source.checkpoint.kind, candidate.rules))
      continue;
    Diagnostics ignored;
    const std::optional<PreparedConversion> other =
        PrepareConversion(files, library, ReadAs(candidate, request), &ignored);
    if (!other || !SameResult(*other, prepared)) others.push_back(FamilyOf(candidate.rules));
  }
  if (others.empty()) return true;
  diagnostics
      ->Add(Code::kAmbiguousLayout, {},
            fmt::format("the keys are stored alike by {} and {}, which store `{}` differently",
                        FamilyOf(source.rules), JoinWords(others), request.to))
      .help = "say which with --family, or give the config.json with --config";
  return false;
}

ConvertRequest ReadAs(const Candidate& candidate, ConvertRequest request) {
  request.source.family = FamilyOf(candidate.rules);
  request.source.from = candidate.layout;
  return request;
}

}  // namespace rr
