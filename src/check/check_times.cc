// `times`: a stored tensor is the product of two logical ones.
//
// The product comes apart again in one way only: the factor is 1, and what is stored is the tensor.
// So the layout must not store the factor, and must say `default: {factor: 1}`. The factor and what
// it multiplies are of one block: they are there together.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "check/proofs.h"

namespace rr {
namespace {

class TimesChecker {
 public:
  TimesChecker(const std::vector<LogicalTensor>& tensors, const CheckedLayout& layout,
               Diagnostics* diagnostics)
      : tensors_(tensors), layout_(layout), diagnostics_(diagnostics) {}

  void Run() {
    for (const CheckedEntry& entry : layout_.entries) {
      if (entry.rule->drop || entry.rule->tied) continue;
      for (const CheckedLeaf& leaf : entry.leaves) OneFactor(entry, leaf.tensor);
      if (entry.times < 0) continue;
      for (const CheckedLeaf& leaf : entry.leaves) Axes(entry, leaf.tensor);
      Factor(entry);
    }
  }

 private:
  const LogicalTensor& Tensor(int index) const { return tensors_[static_cast<size_t>(index)]; }

  Diagnostic& Bad(const CheckedEntry& entry, std::string message) {
    const Name& times = *entry.rule->times;
    return diagnostics_->Add(Code::kBadValueWord, times.place, std::move(message));
  }

  // All keys that hold a part of a tensor say the same.
  void OneFactor(const CheckedEntry& entry, int tensor) {
    const auto [first, is_new] = first_.emplace(std::pair{tensor, entry.variant}, &entry);
    if (is_new || first->second->times == entry.times) return;
    const CheckedEntry& with = entry.times >= 0 ? entry : *first->second;
    const CheckedEntry& other = entry.times >= 0 ? *first->second : entry;
    Diagnostic& d =
        Bad(with, fmt::format("a part of `{}` is multiplied by `{}`, and another is not",
                              Tensor(tensor).name, Tensor(with.times).name));
    d.notes.push_back({other.rule->place, "the other part is here"});
  }

  void Axes(const CheckedEntry& entry, int tensor) {
    const std::vector<std::string>& axes = Tensor(tensor).axes;
    for (const std::string& axis : Tensor(entry.times).axes) {
      if (std::find(axes.begin(), axes.end(), axis) != axes.end()) continue;
      Bad(entry, fmt::format("`{}` has an axis {} that `{}` does not have",
                             Tensor(entry.times).name, axis, Tensor(tensor).name));
      return;
    }
  }

  // The factor is 1 in this layout.
  void Factor(const CheckedEntry& entry) {
    const LogicalTensor& factor = Tensor(entry.times);
    for (const CheckedEntry& other : layout_.entries) {
      const bool stores =
          !other.rule->tied && other.block == entry.block && other.variant == entry.variant &&
          std::any_of(other.leaves.begin(), other.leaves.end(),
                      [&](const CheckedLeaf& leaf) { return leaf.tensor == entry.times; });
      if (!stores) continue;
      Diagnostic& d = Bad(entry, fmt::format("`{}` is stored as well: which of the two the product "
                                             "is then cannot be told",
                                             factor.name));
      d.notes.push_back({other.rule->place, "it is stored here"});
      return;
    }
    const TableRule* table = layout_.tables[static_cast<size_t>(entry.block)];
    const bool is_one =
        std::any_of(table->defaults.begin(), table->defaults.end(), [&](const DefaultRule& rule) {
          return rule.tensor.text == factor.name && rule.value.text().text == "1";
        });
    if (is_one) return;
    Bad(entry,
        fmt::format("read back, the product is all in this key: `{}` must be 1", factor.name))
        .help = fmt::format("say `default: {{{}: 1}}` in this table", factor.name);
  }

  const std::vector<LogicalTensor>& tensors_;
  const CheckedLayout& layout_;
  Diagnostics* diagnostics_;
  std::map<std::pair<int, int>, const CheckedEntry*> first_;  // by tensor and variant
};

}  // namespace

void CheckTimes(const std::vector<LogicalTensor>& tensors, const CheckedLayout& layout,
                Diagnostics* diagnostics) {
  TimesChecker(tensors, layout, diagnostics).Run();
}

}  // namespace rr
