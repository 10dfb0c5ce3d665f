#include "run/why_nowhere.h"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "syntax/adapter_style.h"

namespace rr {
namespace {

bool StoresTensor(const CheckedEntry& entry, int tensor) {
  for (const CheckedLeaf& leaf : entry.leaves) {
    if (leaf.tensor == tensor) return true;
  }
  return false;
}

}  // namespace

std::string WhyNowhere(const Model& model, const CheckedLayout& layout, int tensor,
                       const std::vector<int64_t>& indices) {
  const CheckedRules& rules = model.rules();
  const LogicalTensor& logical = rules.tensors[static_cast<size_t>(tensor)];
  const BlockRule& block = rules.file->blocks[static_cast<size_t>(logical.block)];
  // The value of the index that decides conditions and sizes.
  std::optional<int64_t> index;
  const std::string& index_axis = model.IndexAxisOf(logical.block);
  for (size_t a = 0; a < indices.size(); ++a) {
    if (logical.axes[a] == index_axis) index = indices[a];
  }
  for (size_t a = 0; a < indices.size(); ++a) {
    const std::optional<int64_t> size = model.SizeOf(logical.axes[a], index);
    if (!size && logical.axes[a] == kRankAxis)
      return fmt::format("the rank is not known: give `sizes: {{{}: ...}}`", kRankAxis);
    if (size && indices[a] >= *size)
      return fmt::format("index {} of axis `{}` is not below its size, {}", indices[a],
                         logical.axes[a], *size);
  }
  if (block.where && !model.Exists(logical.block, index).value_or(true)) {
    const std::string at = index ? fmt::format(" at {} = {}", index_axis, *index) : "";
    return fmt::format("there is no block `{}`{}: `{}` does not hold", block.name.text, at,
                       block.where->text().text);
  }
  const TableRule* table = layout.tables[static_cast<size_t>(logical.block)];
  if (table == nullptr) return fmt::format("it has no table for block `{}`", block.name.text);
  std::set<int> variants;
  bool tied = false;
  for (const CheckedEntry& entry : layout.entries) {
    if (!StoresTensor(entry, tensor)) continue;
    if (entry.rule->tied) {
      tied = true;
    } else {
      variants.insert(entry.variant);
    }
  }
  if (variants.empty() && tied) return "it is only a tied copy there";
  if (variants.empty()) return fmt::format("no key of it stores `{}`", logical.name);
  if (variants.count(0) == 0)
    return fmt::format("the alternative `{}` of block `{}` does not store it",
                       table->variants[0].name.text, block.name.text);
  return "";
}

}  // namespace rr
