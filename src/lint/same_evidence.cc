// RR215: two layouts whose keys and shapes are the same, and whose elements lie elsewhere.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "lint/passes.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

// A key as a reader of files sees it: named strings by their texts, captures without their names.
std::string SeenKey(const CheckedLayout& layout, const KeyTemplate& key) {
  std::string text;
  for (const KeyPart& part : key.parts) {
    if (part.kind == KeyPart::Kind::kLiteral) {
      text += part.text;
    } else if (part.kind == KeyPart::Kind::kCapture) {
      text += part.words.empty() ? "{#}" : fmt::format("{{{}}}", fmt::join(part.words, "|"));
    } else {
      for (const auto& [name, variants] : layout.prefixes) {
        if (name != part.text) continue;
        text += '<';
        for (const KeyTemplate& variant : variants) text += variant.ToString() + "|";
        text += '>';
      }
    }
  }
  return text;
}

// Key and variant -> what lies there.
using Stored = std::map<std::string, const CheckedEntry*>;

Stored StoredIn(const CheckedLayout& layout) {
  Stored stored;
  for (const CheckedEntry& entry : layout.entries) {
    stored[fmt::format("{} #{} {}", SeenKey(layout, entry.key), entry.block, entry.variant)] =
        &entry;
  }
  return stored;
}

// What tells adapters apart beside keys and shapes.
bool IsMarked(const CheckedLayout& layout) {
  return layout.style != nullptr && (layout.style->twin_of || !layout.style->marks.empty() ||
                                     !layout.style->unless.empty() || layout.IsInternal());
}

void Compare(const CheckedLayout& a, const Stored& of_a, const CheckedLayout& b, const Stored& of_b,
             Diagnostics* diagnostics) {
  const bool same = std::equal(of_a.begin(), of_a.end(), of_b.begin(), of_b.end(),
                               [](const auto& x, const auto& y) {
                                 return x.first == y.first && x.second->shape == y.second->shape;
                               });
  if (!same || of_a.empty()) return;
  for (auto x = of_a.begin(), y = of_b.begin(); x != of_a.end(); ++x, ++y) {
    if (x->second->Signature() == y->second->Signature()) continue;
    Diagnostic& finding = diagnostics->Add(
        Code::kIndistinguishableLayouts, y->second->rule->place,
        fmt::format("`{}` and `{}` have the same keys and shapes, but other elements in this one",
                    a.name.text, b.name.text));
    finding.notes.push_back({x->second->rule->place, fmt::format("`{}`", a.name.text)});
    return;
  }
}

void CompareAll(const std::vector<CheckedLayout>& layouts, Diagnostics* diagnostics) {
  std::vector<std::pair<const CheckedLayout*, Stored>> seen;
  for (const CheckedLayout& layout : layouts) {
    if (IsMarked(layout)) continue;
    seen.emplace_back(&layout, StoredIn(layout));
    for (size_t i = 0; i + 1 < seen.size(); ++i)
      Compare(*seen[i].first, seen[i].second, layout, seen.back().second, diagnostics);
  }
}

}  // namespace

void FindIndistinguishableLayouts(const LintContext& context, Diagnostics* diagnostics) {
  CompareAll(context.rules.layouts, diagnostics);
  if (context.adapters != nullptr) CompareAll(context.adapters->layouts, diagnostics);
}

}  // namespace rr
