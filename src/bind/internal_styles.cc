// What is wrong with the layouts of adapters that only `merge` and `diff` need.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bind/rule_library.h"

namespace rr {
namespace {

// The factors that keys of derived rules hold: layout and weight -> factors.
using HeldFactors = std::map<std::pair<std::string, std::string>, std::set<Factor>>;

HeldFactors FactorsOf(const CheckedRules& adapters) {
  HeldFactors held;
  for (const CheckedLayout& layout : adapters.layouts) {
    for (const CheckedEntry& entry : layout.entries) {
      if (!entry.rule->weight) continue;
      std::set<Factor>& factors = held[{layout.name.text, entry.rule->weight->text.text}];
      for (const CheckedLeaf& leaf : entry.leaves)
        factors.insert(adapters.tensors[static_cast<size_t>(leaf.tensor)].factor);
    }
  }
  return held;
}

// Whatever an adapter has of a weight must be found there, or a merge would pass it over.
void CheckComplete(const AdapterStyle& style, const CheckedLayout& layout,
                   const CheckedEntry& weight, const CheckedRules& weights, const HeldFactors& held,
                   Diagnostics* diagnostics) {
  const bool linear =
      std::all_of(weight.leaves.begin(), weight.leaves.end(), [&](const CheckedLeaf& leaf) {
        return weights.tensors[static_cast<size_t>(leaf.tensor)].linear;
      });
  std::vector<Factor> wanted{Factor::kSaved};
  if (linear) wanted = {Factor::kA, Factor::kB, Factor::kMagnitude, Factor::kBias, Factor::kSaved};
  const auto found =
      held.find({style.name.text + "." + layout.name.text, weight.rule->key.text.text});
  if (found == held.end()) return;  // a style of some weights only
  for (const Factor factor : wanted) {
    if (found->second.count(factor) > 0) continue;
    Diagnostics one;
    one.Add(Code::kBadAdapterStyle, style.name.place,
            fmt::format("style `{}` is for all layouts, and has no key for {} of `{}`",
                        style.name.text,
                        factor == Factor::kSaved ? "the whole" : "`" + SuffixOf(factor) + "`",
                        weight.rule->key.text.text))
        .help = "merge and diff ask such a style for everything that an adapter may have";
    diagnostics->AppendNew(one);
    return;
  }
}

}  // namespace

void RuleLibrary::CheckInternal(const RulesPtr& weights, Diagnostics* diagnostics) {
  std::vector<StylePtr> internal = Styles(diagnostics);
  std::erase_if(internal, [](const StylePtr& style) { return !style->IsInternal(); });
  // Most layouts store most weights alike: each form is looked at once.
  std::set<std::string> forms;
  std::set<std::pair<const CheckedLayout*, const EntryRule*>> first;
  std::vector<std::pair<const CheckedLayout*, const CheckedEntry*>> looked_at;
  for (const CheckedLayout& layout : weights->layouts) {
    const std::string refinements = layout.RefinementsText();
    for (const CheckedEntry& entry : layout.entries) {
      std::string form = refinements + entry.Signature();
      if (entry.rule->pad) form += fmt::format(" pad {}", entry.rule->pad->dim);
      const std::string key = entry.rule->key.ToString();
      for (const StylePtr& style : internal) {
        for (const AdapterVariant& variant : style->variants) {
          for (const AdapterModule& module : variant.modules)
            form += key_matches_.Match(module.regex, key) ? '+' : '-';
        }
      }
      if (!forms.insert(std::move(form)).second) continue;
      first.emplace(&layout, entry.rule);
      if (!entry.rule->drop && !entry.rule->tied && !entry.rule->times)
        looked_at.emplace_back(&layout, &entry);
    }
  }
  WantedAdapters wanted;
  wanted.weight = [&](const CheckedLayout& layout, const EntryRule& entry) {
    return first.count({&layout, &entry}) > 0;
  };
  Diagnostics found;
  const CheckedRules adapters = Check(
      DeriveAdapters(*weights, internal, wanted, &key_matches_, &found), &found, Proof::kEntries);
  if (!found.HasErrors()) {
    const HeldFactors held = FactorsOf(adapters);
    for (const StylePtr& style : internal) {
      for (const auto& [layout, entry] : looked_at)
        CheckComplete(*style, *layout, *entry, *weights, held, &found);
    }
  }
  diagnostics->AppendNew(found);
}

}  // namespace rr
