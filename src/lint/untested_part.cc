// RR904: a leaf that no element test reaches.
#include <fmt/format.h>

#include "base/text.h"
#include "lint/passes.h"

namespace rr {
namespace {

bool Stores(const CheckedEntry& entry, int tensor) {
  for (const CheckedLeaf& leaf : entry.leaves) {
    if (leaf.tensor == tensor) return true;
  }
  return false;
}

}  // namespace

void FindUntestedParts(const LintContext& context, Diagnostics* diagnostics) {
  const CheckedRules& rules = context.rules;
  if (rules.file->tests.empty()) return;  // RR903
  for (const CheckedLayout& layout : rules.layouts) {
    for (const CheckedEntry& entry : layout.entries) {
      if (entry.rule->tied) continue;  // a copy of what another key stores
      std::vector<std::string> untested;
      for (size_t t = 0; t < rules.tensors.size(); ++t) {
        const int tensor = static_cast<int>(t);
        if (Stores(entry, tensor) && context.reached.Of(entry, tensor).empty())
          untested.push_back(fmt::format("`{}`", rules.tensors[t].name));
      }
      if (untested.empty()) continue;
      diagnostics->Add(Code::kUntestedPart, entry.rule->place,
                       fmt::format("no element test of `{}` reaches {} here in layout `{}`",
                                   rules.file->family.text, JoinWords(untested), layout.name.text));
    }
  }
}

}  // namespace rr
