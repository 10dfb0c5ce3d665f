// Every layout stores every element of every tensor exactly once.
//
// Without arithmetic: a leaf covers, for each axis, either all of it or one alternative of its
// refinement, so a tensor is a grid of cells (one per combination of alternatives) and each cell
// must be covered by exactly one leaf. A block that exists only where a condition holds may leave a
// cell empty: which layers the condition admits is known only with a config, and a conversion that
// would lose one of them is refused then.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "check/proofs.h"

namespace rr {
namespace {

// The axes' alternatives that leaf covers: -1 is all.
std::vector<int> CellsOf(const CheckedLeaf& leaf) {
  std::vector<int> cells;
  for (const AxisUse& use : leaf.axes) cells.push_back(use.alternative);
  return cells;
}

std::string CellName(const CheckedRules& rules, const CheckedLayout& layout, int tensor,
                     const std::vector<int>& cell) {
  std::string text;
  const LogicalTensor& logical = rules.tensors[static_cast<size_t>(tensor)];
  for (size_t i = 0; i < cell.size(); ++i) {
    const auto refinement = layout.refinements.find(logical.axes[i]);
    if (refinement == layout.refinements.end() || refinement->second.alternatives.size() < 2 ||
        cell[i] < 0)
      continue;
    text += fmt::format(" where {} is in its part {}", logical.axes[i], cell[i] + 1);
  }
  return text;
}

// One tensor in one layout, and in one of the alternatives of `one of`.
class TensorCover {
 public:
  TensorCover(const CheckedRules& rules, const CheckedLayout& layout, int tensor, int variant,
              Diagnostics* diagnostics)
      : rules_(rules),
        layout_(layout),
        logical_(rules.tensors[static_cast<size_t>(tensor)]),
        block_(rules.file->blocks[static_cast<size_t>(logical_.block)]),
        table_(layout.tables[static_cast<size_t>(logical_.block)]),
        tensor_(tensor),
        variant_(variant),
        diagnostics_(diagnostics) {}

  void Run() {
    FindLeaves();
    FindGrid();
    const bool may_lack = MayLack();
    std::vector<int> cell(grid_.size(), 0);
    do {
      const CheckedEntry* by = nullptr;
      for (const auto& [entry, cells] : leaves_) {
        if (!Covers(cells, cell)) continue;
        if (by != nullptr) return ReportTwice(*by, *entry, cell);
        by = entry;
      }
      if (by == nullptr && !may_lack) return ReportNowhere(cell);
    } while (NextCell(&cell));
  }

 private:
  void FindLeaves() {
    for (const CheckedEntry& entry : layout_.entries) {
      if (entry.block != logical_.block || entry.variant != variant_ || entry.rule->tied) continue;
      for (const CheckedLeaf& leaf : entry.leaves) {
        if (leaf.tensor == tensor_) leaves_.push_back({&entry, CellsOf(leaf)});
      }
    }
  }

  void FindGrid() {
    grid_.assign(logical_.axes.size(), 1);
    for (const auto& [entry, cells] : leaves_) {
      for (size_t i = 0; i < cells.size(); ++i) {
        if (cells[i] < 0) continue;
        grid_[i] = static_cast<int>(layout_.refinements.at(logical_.axes[i]).alternatives.size());
      }
    }
  }

  bool MayLack() const {
    if (layout_.partial || (logical_.optional && leaves_.empty())) return true;
    if (block_.where && !leaves_.empty()) return true;
    if (table_ == nullptr) return false;
    if (table_->partial) return true;
    if (!table_->variants.empty() && table_->variants[static_cast<size_t>(variant_)].may_lack)
      return true;
    return std::any_of(table_->defaults.begin(), table_->defaults.end(),
                       [&](const DefaultRule& rule) { return rule.tensor.text == logical_.name; });
  }

  bool Covers(const std::vector<int>& cells, const std::vector<int>& cell) const {
    for (size_t i = 0; i < cells.size(); ++i) {
      if (cells[i] >= 0 && cells[i] != cell[i] && grid_[i] != 1) return false;
    }
    return true;
  }

  bool NextCell(std::vector<int>* cell) const {
    for (size_t i = 0; i < cell->size(); ++i) {
      if (++(*cell)[i] < grid_[i]) return true;
      (*cell)[i] = 0;
    }
    return false;
  }

  void ReportTwice(const CheckedEntry& first, const CheckedEntry& second,
                   const std::vector<int>& cell) {
    const bool same_key = &first == &second;
    Diagnostic& d = diagnostics_->Add(
        Code::kTensorStoredTwice, second.rule->place,
        fmt::format("layout `{}` stores `{}` twice{}{}", layout_.name.text,
                    rules_.FullName(tensor_), CellName(rules_, layout_, tensor_, cell),
                    same_key ? " in this key" : ""));
    if (same_key) return;
    d.notes.push_back({first.rule->place, "it is stored here as well"});
    if (first.rule->place.source != second.rule->place.source)
      d.help = fmt::format(
          "to put this in its place, remove the other key with `null`, or say `replace: [{}]` in "
          "this block",
          table_->layout.text);
  }

  void ReportNowhere(const std::vector<int>& cell) {
    Diagnostic& d = diagnostics_->Add(
        Code::kTensorNotStored, table_ != nullptr ? table_->layout.place : block_.name.place,
        fmt::format("layout `{}` does not store `{}`{}", layout_.name.text,
                    rules_.FullName(tensor_), CellName(rules_, layout_, tensor_, cell)));
    d.notes.push_back({logical_.place, fmt::format("`{}` is declared here", logical_.name)});
    d.help = "store it, or say `partial: reason`";
  }

  const CheckedRules& rules_;
  const CheckedLayout& layout_;
  const LogicalTensor& logical_;
  const BlockRule& block_;
  const TableRule* table_;  // nullptr when the layout has none for the block
  int tensor_;
  int variant_;
  Diagnostics* diagnostics_;
  std::vector<std::pair<const CheckedEntry*, std::vector<int>>> leaves_;
  // Per axis 1, or the number of alternatives when some leaf takes only one of several.
  std::vector<int> grid_;
};

}  // namespace

void ProveCover(const CheckedRules& rules, Diagnostics* diagnostics) {
  for (const CheckedLayout& layout : rules.layouts) {
    for (size_t t = 0; t < rules.tensors.size(); ++t) {
      // What could not be read may store it: one mistake, one finding.
      if (layout.broken[static_cast<size_t>(rules.tensors[t].block)]) continue;
      const int variants = layout.variant_counts[static_cast<size_t>(rules.tensors[t].block)];
      for (int v = 0; v < std::max(1, variants); ++v)
        TensorCover(rules, layout, static_cast<int>(t), v, diagnostics).Run();
    }
  }
}

}  // namespace rr
