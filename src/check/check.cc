#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "check/checked_rules.h"
#include "check/proofs.h"
#include "syntax/adapter_style.h"
#include "syntax/regex.h"

namespace rr {

CheckedRules Check(RuleFile file, Diagnostics* diagnostics, Proof proof) {
  const size_t errors_before = diagnostics->ErrorCount();
  AddBiases(&file, diagnostics);
  CheckedRules rules;
  auto shared = std::make_shared<RuleFile>(std::move(file));
  rules.file = shared;
  for (size_t b = 0; b < shared->blocks.size(); ++b) {
    for (const TensorRule& tensor : shared->blocks[b].tensors) {
      LogicalTensor logical;
      logical.block = static_cast<int>(b);
      logical.name = tensor.name.text;
      for (const Name& axis : tensor.Axes()) logical.axes.push_back(axis.text);
      logical.batch = tensor.batch.size();
      logical.out = tensor.out.size();
      logical.linear = tensor.linear;
      logical.factor = tensor.factor;
      logical.weight = tensor.weight;
      logical.optional = tensor.optional;
      logical.dtype = tensor.dtype;
      logical.place = tensor.place;
      rules.tensors.push_back(std::move(logical));
    }
  }
  CheckNames(*shared, diagnostics);
  rules.index_axes = FindIndexAxes(*shared, diagnostics);
  CheckUndecided(*shared, rules.index_axes, diagnostics);
  CheckTargets(*shared, diagnostics);
  rules.layouts = ResolveLayouts(*shared, diagnostics);
  BoundForms forms;
  for (CheckedLayout& layout : rules.layouts) {
    // A table that several layouts share by `like` is bound for each, but its mistakes are reported
    // once.
    Diagnostics own;
    BindEntries(*shared, rules.tensors, &forms, &layout, &own);
    CheckTimes(rules.tensors, layout, &own);
    diagnostics->AppendNew(own);
  }
  if (proof == Proof::kEntries) return rules;
  ProveCover(rules, diagnostics);
  ProveKeys(rules, diagnostics);
  rules.valid = diagnostics->ErrorCount() == errors_before;
  return rules;
}

bool CheckedLayout::IsInternal() const { return style != nullptr && style->IsInternal(); }

std::string CheckedLayout::NameOfWeights() const {
  return IsInternal() ? name.text.substr(name.text.find('.') + 1) : name.text;
}

std::string CheckedLayout::RefinementsText() const {
  std::string text;
  for (const auto& [axis, refinement] : refinements) {
    text += axis + ":";
    for (const Refinement::Alternative& alternative : refinement.alternatives) {
      for (const Refinement::Factor& factor : alternative.factors)
        text += " " + factor.axis + "*" + factor.stride.ToString();
      text += " +" + alternative.offset.ToString() + ";";
    }
  }
  return text;
}

const CheckedLayout* CheckedRules::FindLayout(std::string_view name) const {
  for (const CheckedLayout& layout : layouts) {
    if (layout.name.text == name) return &layout;
  }
  return nullptr;
}

std::vector<std::string> CheckedRules::LayoutNames() const {
  std::vector<std::string> names;
  for (const CheckedLayout& layout : layouts) names.push_back(layout.name.text);
  return names;
}

std::string CheckedRules::FullName(int tensor) const {
  const LogicalTensor& t = tensors[static_cast<size_t>(tensor)];
  return file->blocks[static_cast<size_t>(t.block)].name.text + "." + t.name;
}

int CheckedRules::FindTensor(std::string_view full_name) const {
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (FullName(static_cast<int>(i)) == full_name) return static_cast<int>(i);
  }
  return -1;
}

std::optional<Dtype> CheckedRules::DtypeOf(const CheckedEntry& entry) const {
  if (entry.rule->cast) return entry.rule->cast;
  std::optional<Dtype> published;
  for (const CheckedLeaf& leaf : entry.leaves) {
    const std::optional<Dtype> own = tensors[static_cast<size_t>(leaf.tensor)].dtype;
    if (!own || (published && published != own)) return std::nullopt;
    published = own;
  }
  return published;
}

std::string CheckedEntry::Signature() const {
  std::string text = ToString(expr) + " @";
  std::vector<std::string> captures = key.Captures();
  std::sort(captures.begin(), captures.end());
  for (const std::string& axis : captures) text += " " + axis;
  text += fmt::format(" #{}", block);
  return text;
}

}  // namespace rr
