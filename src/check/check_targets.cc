#include <fmt/format.h>

#include <algorithm>

#include "check/proofs.h"

namespace rr {

void CheckTargets(const RuleFile& file, Diagnostics* diagnostics) {
  if (file.adapters) return;  // its targets are those of the weights
  std::vector<std::string> layouts;
  for (const LayoutRule& layout : file.layouts) layouts.push_back(layout.name.text);
  layouts.insert(layouts.end(), file.style_names.begin(), file.style_names.end());
  for (const TargetRule& target : file.targets) {
    for (size_t i = 0; i < target.cases.size(); ++i) {
      const TargetCase& one = target.cases[i];
      // A target that is text names one layout for both.
      const bool same = one.weights.place.begin == one.adapters.place.begin;
      for (const Name* name : {&one.weights, &one.adapters}) {
        if (name->text.empty() || (same && name == &one.adapters) ||
            std::find(layouts.begin(), layouts.end(), name->text) != layouts.end())
          continue;
        SuggestName(&diagnostics->Add(Code::kUnknownLayout, name->place,
                                      fmt::format("there is no layout `{}`", name->text)),
                    name->text, layouts, "layouts");
      }
      for (size_t j = 0; j < i; ++j) {
        const TargetCase& other = target.cases[j];
        std::string example;
        if (one.versions && other.versions && !Overlap(*one.versions, *other.versions, &example))
          continue;
        Diagnostic& d =
            diagnostics->Add(Code::kBadTarget, one.place,
                             fmt::format("two ranges of `{}` hold for {}", target.system.text,
                                         example.empty() ? "the same version" : example));
        d.notes.push_back({other.place, "the other range"});
      }
    }
  }
}

}  // namespace rr
