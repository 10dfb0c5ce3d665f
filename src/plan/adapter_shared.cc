#include "plan/adapter_shared.h"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

constexpr size_t kShownLayouts = 6;

// A factor, and the axis of its batch over which there is one.
using SharedFactor = std::pair<int, size_t>;

std::set<SharedFactor> SharedFactors(const BoundLayout& bound, const CheckedRules& rules) {
  std::set<SharedFactor> shared;
  for (const BoundPiece& piece : bound.pieces) {
    const BoundLeaf& leaf = bound.leaves[piece.leaf];
    const LogicalTensor& tensor = rules.tensors[static_cast<size_t>(leaf.tensor)];
    if (tensor.factor != Factor::kA && tensor.factor != Factor::kB) continue;
    for (size_t a = 0; a < tensor.batch; ++a) {
      if (leaf.axes[a].replicated) shared.insert({leaf.tensor, a});
    }
  }
  return shared;
}

// Layouts that store each index's own factor, in one of their alternatives at least. Those of
// PEFT's form come first: most systems read one of them.
std::vector<std::string> LayoutsWithEach(const CheckedRules& rules, const SharedFactor& shared) {
  std::vector<std::string> names, others;
  for (const CheckedLayout& layout : rules.layouts) {
    bool has = false;
    for (const CheckedEntry& entry : layout.entries) {
      for (const CheckedLeaf& leaf : entry.leaves)
        has = has || (leaf.tensor == shared.first && !leaf.axes[shared.second].replicated);
    }
    const AdapterStyle* style = layout.style.get();
    if (has && style != nullptr && !style->IsInternal() && !style->twin_of)
      (style->config_rank ? names : others).push_back(layout.name.text);
  }
  names.insert(names.end(), others.begin(), others.end());
  return names;
}

class SharedChecker {
 public:
  SharedChecker(const AdapterSource& adapter, const CheckedRules& rules,
                const std::map<SliceKey, SourceRanks>& own, FactorValues* values)
      : adapter_(adapter), rules_(rules), own_(own), values_(values) {}

  // The first two slices of which only the index of the axis is another, and which differ.
  std::optional<std::pair<SliceKey, SliceKey>> FindDifferent(const SharedFactor& shared) {
    const auto& [factor, axis] = shared;
    return adapter_.FirstDifferent(
        WeightOf(rules_, factor), axis,
        [&, f = factor](const SliceKey& a, const SliceKey& b) { return Differ(f, a, b); });
  }

  std::string KeyOf(int factor, const SliceKey& slice) const {
    const BoundLayout& bound = adapter_.sliced.bound;
    return bound.tensors[bound.pieces[PiecesOf(factor, slice)[0]].stored].key;
  }

 private:
  const std::vector<uint32_t>& PiecesOf(int factor, const SliceKey& slice) const {
    return adapter_.sliced.slices.at(slice).Of(rules_.tensors[static_cast<size_t>(factor)].factor);
  }

  bool Differ(int factor, const SliceKey& a, const SliceKey& b) {
    const auto x = own_.find(a), y = own_.find(b);
    if (x == own_.end() || y == own_.end()) return false;
    if (x->second.first != y->second.first || x->second.rank != y->second.rank) return false;
    if (adapter_.ScaleOf(a) != adapter_.ScaleOf(b)) return false;
    return values_->Differ(PiecesOf(factor, a), PiecesOf(factor, b), x->second.first,
                           x->second.rank);
  }

  const AdapterSource& adapter_;
  const CheckedRules& rules_;
  const std::map<SliceKey, SourceRanks>& own_;
  FactorValues* values_;
};

}  // namespace

bool CheckShared(const AdapterSource& adapter, const CheckedRules& rules,
                 const BoundLayout& destination, const std::map<SliceKey, SourceRanks>& own,
                 FactorValues* values, Diagnostics* diagnostics) {
  SharedChecker checker(adapter, rules, own, values);
  for (const SharedFactor& shared : SharedFactors(destination, rules)) {
    const auto different = checker.FindDifferent(shared);
    if (!different) continue;
    const auto& [one, other] = *different;
    const LogicalTensor& tensor = rules.tensors[static_cast<size_t>(shared.first)];
    const std::string key = checker.KeyOf(shared.first, one);
    const std::string other_key = checker.KeyOf(shared.first, other);
    Diagnostic& d = diagnostics->Add(
        Code::kCopiesDiffer, destination.layout->name.place,
        fmt::format("`{}` stores one {} of {} for all of {}, and those of the adapter differ: {} "
                    "and {} ({})",
                    destination.layout->name.text, tensor.factor == Factor::kA ? "A" : "B",
                    rules.FullName(one.weight), tensor.axes[shared.second], SliceName(rules, one),
                    SliceName(rules, other),
                    key == other_key ? key : fmt::format("{}, {}", key, other_key)));
    d.help = fmt::format(
        "an adapter has one only if it was trained so; these layouts hold a pair "
        "for each: {}",
        JoinWords(LayoutsWithEach(rules, shared), kShownLayouts));
    return false;
  }
  return true;
}

}  // namespace rr
