// Every layout stores every element of every tensor exactly once.
//
// Without arithmetic: a leaf covers, for each axis, either all of it or one alternative of its
// refinement, so a tensor is a grid of cells (one per combination of alternatives) and each cell
// must be covered by exactly one leaf. A block that exists only where a condition holds may leave a
// cell empty: which layers the condition admits is known only with a config, and a conversion that
// would lose one of them is refused then.
#include <fmt/format.h>

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

void CheckTensor(const CheckedRules& rules, const CheckedLayout& layout, int tensor, int variant,
                 Diagnostics* diagnostics) {
  const LogicalTensor& logical = rules.tensors[static_cast<size_t>(tensor)];
  const BlockRule& block = rules.file->blocks[static_cast<size_t>(logical.block)];
  const TableRule* table = layout.tables[static_cast<size_t>(logical.block)];
  std::vector<std::pair<const CheckedEntry*, std::vector<int>>> leaves;
  for (const CheckedEntry& entry : layout.entries) {
    if (entry.block != logical.block || entry.variant != variant || entry.rule->tied) continue;
    for (const CheckedLeaf& leaf : entry.leaves) {
      if (leaf.tensor == tensor) leaves.push_back({&entry, CellsOf(leaf)});
    }
  }
  // The grid: per axis 1, or the number of alternatives when some leaf takes only one of several.
  std::vector<int> grid(logical.axes.size(), 1);
  for (const auto& [entry, cells] : leaves) {
    for (size_t i = 0; i < cells.size(); ++i) {
      if (cells[i] < 0) continue;
      grid[i] = static_cast<int>(layout.refinements.at(logical.axes[i]).alternatives.size());
    }
  }
  const bool excused = layout.partial || (table != nullptr && table->partial) ||
                       (logical.optional && leaves.empty()) || (block.where && !leaves.empty()) ||
                       (table != nullptr && !table->variants.empty() &&
                        table->variants[static_cast<size_t>(variant)].may_lack);
  bool has_default = false;
  if (table != nullptr) {
    for (const DefaultRule& rule : table->defaults)
      has_default = has_default || rule.tensor.text == logical.name;
  }
  std::vector<int> cell(grid.size(), 0);
  while (true) {
    const CheckedEntry* first = nullptr;
    for (const auto& [entry, cells] : leaves) {
      bool covers = true;
      for (size_t i = 0; i < cells.size(); ++i)
        covers = covers && (cells[i] < 0 || cells[i] == cell[i] || grid[i] == 1);
      if (!covers) continue;
      if (first == nullptr) {
        first = entry;
        continue;
      }
      Diagnostic& d = diagnostics->Add(
          Code::kTensorStoredTwice, entry->rule->place,
          fmt::format("layout `{}` stores `{}` twice{}{}", layout.name.text, rules.FullName(tensor),
                      CellName(rules, layout, tensor, cell), first == entry ? " in this key" : ""));
      if (first == entry) return;
      d.notes.push_back({first->rule->place, "it is stored here as well"});
      if (first->rule->place.source != entry->rule->place.source) {
        d.help = fmt::format(
            "to put this in its place, remove the other key with `null`, or say `replace: [{}]` in "
            "this block",
            table->layout.text);
      }
      return;
    }
    if (first == nullptr && !excused && !has_default) {
      const Place place = table != nullptr ? table->layout.place : block.name.place;
      Diagnostic& d = diagnostics->Add(
          Code::kTensorNotStored, place,
          fmt::format("layout `{}` does not store `{}`{}", layout.name.text, rules.FullName(tensor),
                      CellName(rules, layout, tensor, cell)));
      d.notes.push_back({logical.place, fmt::format("`{}` is declared here", logical.name)});
      d.help = "store it, or say `partial: reason`";
      return;
    }
    size_t i = 0;
    for (; i < cell.size(); ++i) {
      if (++cell[i] < grid[i]) break;
      cell[i] = 0;
    }
    if (i == cell.size()) return;
  }
}

}  // namespace

void ProveCover(const CheckedRules& rules, Diagnostics* diagnostics) {
  for (const CheckedLayout& layout : rules.layouts) {
    for (size_t t = 0; t < rules.tensors.size(); ++t) {
      // What could not be read may store it: one mistake, one finding.
      if (layout.broken[static_cast<size_t>(rules.tensors[t].block)]) continue;
      const int variants = layout.variant_counts[static_cast<size_t>(rules.tensors[t].block)];
      for (int v = 0; v < std::max(1, variants); ++v)
        CheckTensor(rules, layout, static_cast<int>(t), v, diagnostics);
    }
  }
}

}  // namespace rr
