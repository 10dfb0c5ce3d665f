// RR216: a layout of the file that no target leads to and that does not say whose it is.
#include <fmt/format.h>

#include <set>

#include "lint/passes.h"

namespace rr {

void FindUnreachableLayouts(const LintContext& context, Diagnostics* diagnostics) {
  const RuleFile& file = *context.rules.file;
  if (file.targets.empty()) return;  // layouts are named by their own names then
  std::set<std::string> reached;
  for (const TargetRule& target : file.targets) {
    for (const TargetCase& one : target.cases) {
      reached.insert(one.weights.text);
      reached.insert(one.adapters.text);
    }
  }
  for (const LayoutRule& layout : file.layouts) {
    if (!context.IsOwn(layout.name.place) || layout.about) continue;
    if (reached.count(layout.name.text) > 0) continue;
    diagnostics
        ->Add(Code::kUnreachableLayout, layout.name.place,
              fmt::format("no target of this family leads to `{}`", layout.name.text))
        .help = "name it under `targets`, or say in `about` whose it is";
  }
}

}  // namespace rr
