// RR106, RR308, RR309: what the file itself declares and nothing uses.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lint/passes.h"
#include "syntax/names_used.h"

namespace rr {
namespace {

// The layouts that have what `name` says: itself and those that are like it.
bool IsLike(const RuleFile& file, const std::string& layout, const std::string& name) {
  const LayoutRule* rule = file.FindLayout(layout);
  for (size_t steps = 0; rule != nullptr && steps <= file.layouts.size(); ++steps) {
    if (rule->name.text == name) return true;
    rule = rule->like ? file.FindLayout(rule->like->text) : nullptr;
  }
  return false;
}

bool Has(const KeyTemplate& key, const std::string& name) {
  return std::any_of(key.parts.begin(), key.parts.end(), [&](const KeyPart& part) {
    return part.kind == KeyPart::Kind::kName && part.text == name;
  });
}

}  // namespace

void FindUnusedPrefixes(const LintContext& context, Diagnostics* diagnostics) {
  const RuleFile& file = *context.rules.file;
  for (const LayoutRule& rule : file.layouts) {
    for (const auto& [name, variants] : rule.prefixes) {
      if (!context.IsOwn(name.place)) continue;
      bool used = false;
      for (const CheckedLayout& layout : context.rules.layouts) {
        if (!IsLike(file, layout.name.text, rule.name.text)) continue;
        for (const CheckedEntry& entry : layout.entries) used = used || Has(entry.key, name.text);
      }
      if (used) continue;
      diagnostics->Add(
          Code::kUnusedPrefix, name.place,
          fmt::format("no key of layout `{}` has `{{{}}}`", rule.name.text, name.text));
    }
  }
}

void FindUnusedAxes(const LintContext& context, Diagnostics* diagnostics) {
  const std::set<std::string> used = NamesUsed(*context.rules.file);
  for (const AxisRule& axis : context.rules.file->axes) {
    if (!context.IsOwn(axis.name.place) || used.count(axis.name.text) > 0) continue;
    diagnostics->Add(
        Code::kUnusedAxis, axis.name.place,
        fmt::format("no tensor, key, formula or size of this family uses `{}`", axis.name.text));
  }
}

void FindUnusedKinds(const LintContext& context, Diagnostics* diagnostics) {
  const std::set<std::string> used = NamesUsed(*context.rules.file);
  for (const KindRule& kind : context.rules.file->kinds) {
    const bool any = std::any_of(kind.cases.begin(), kind.cases.end(),
                                 [&](const auto& one) { return used.count(one.first.text) > 0; });
    if (any || !context.IsOwn(kind.name.place)) continue;
    diagnostics->Add(Code::kUnusedKind, kind.name.place,
                     fmt::format("no block and no size uses a kind of `{}`", kind.name.text));
  }
}

}  // namespace rr
