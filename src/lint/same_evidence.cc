// RR215: two layouts whose keys and shapes are the same, and whose elements lie elsewhere.
#include <fmt/format.h>

#include <algorithm>
#include <map>

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

struct Stored {
  std::string shape;
  std::string elements;
  const CheckedEntry* entry;
};

// Key and variant -> what lies there.
std::map<std::string, Stored> StoredIn(const CheckedLayout& layout) {
  std::map<std::string, Stored> stored;
  for (const CheckedEntry& entry : layout.entries) {
    std::string shape;
    for (const Poly& dim : entry.shape) shape += dim.ToString() + ", ";
    const std::string key =
        fmt::format("{} #{} {}", SeenKey(layout, entry.key), entry.block, entry.variant);
    stored[key] = {std::move(shape), entry.Signature(), &entry};
  }
  return stored;
}

// What tells adapters apart beside keys and shapes.
bool IsMarked(const CheckedLayout& layout) {
  return layout.style != nullptr && (layout.style->twin_of || !layout.style->marks.empty() ||
                                     !layout.style->unless.empty() || layout.IsInternal());
}

void Compare(const CheckedLayout& a, const CheckedLayout& b, Diagnostics* diagnostics) {
  if (IsMarked(a) || IsMarked(b)) return;
  const std::map<std::string, Stored> of_a = StoredIn(a), of_b = StoredIn(b);
  const bool same = std::equal(of_a.begin(), of_a.end(), of_b.begin(), of_b.end(),
                               [](const auto& x, const auto& y) {
                                 return x.first == y.first && x.second.shape == y.second.shape;
                               });
  if (!same || of_a.empty()) return;
  for (auto x = of_a.begin(), y = of_b.begin(); x != of_a.end(); ++x, ++y) {
    if (x->second.elements == y->second.elements) continue;
    Diagnostic& finding = diagnostics->Add(
        Code::kIndistinguishableLayouts, y->second.entry->rule->place,
        fmt::format("`{}` and `{}` have the same keys and shapes, but other elements in this one",
                    a.name.text, b.name.text));
    finding.notes.push_back({x->second.entry->rule->place, fmt::format("`{}`", a.name.text)});
    return;
  }
}

void CompareAll(const std::vector<CheckedLayout>& layouts, Diagnostics* diagnostics) {
  for (size_t i = 0; i < layouts.size(); ++i) {
    for (size_t j = i + 1; j < layouts.size(); ++j) Compare(layouts[i], layouts[j], diagnostics);
  }
}

}  // namespace

void FindIndistinguishableLayouts(const LintContext& context, Diagnostics* diagnostics) {
  CompareAll(context.rules.layouts, diagnostics);
  if (context.adapters != nullptr) CompareAll(context.adapters->layouts, diagnostics);
}

}  // namespace rr
