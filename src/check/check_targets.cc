#include <fmt/format.h>

#include "base/text.h"
#include "check/proofs.h"

namespace rr {

void CheckTargets(const RuleFile& file, Diagnostics* diagnostics) {
  std::vector<std::string> layouts;
  for (const LayoutRule& layout : file.layouts) layouts.push_back(layout.name.text);
  for (const TargetRule& target : file.targets) {
    for (size_t i = 0; i < target.cases.size(); ++i) {
      const TargetCase& one = target.cases[i];
      for (const Name& name : {one.weights, one.adapters}) {
        if (name.text.empty() || file.FindLayout(name.text) != nullptr) continue;
        if (name.text == one.weights.text && &name != &one.weights && name.place.begin == one.weights.place.begin) continue;
        diagnostics->Add(Code::kUnknownLayout, name.place, fmt::format("there is no layout `{}`", name.text)).help = DidYouMean(name.text, layouts);
        if (one.weights.text == one.adapters.text) break;
      }
      for (size_t j = 0; j < i; ++j) {
        const TargetCase& other = target.cases[j];
        std::string example;
        if (one.versions && other.versions && !Overlap(*one.versions, *other.versions, &example)) continue;
        Diagnostic& d = diagnostics->Add(Code::kBadTarget, one.place, fmt::format("two ranges of `{}` hold for {}", target.system.text, example.empty() ? "the same version" : example));
        d.notes.push_back({other.place, "the other range"});
      }
    }
  }
}

}  // namespace rr
