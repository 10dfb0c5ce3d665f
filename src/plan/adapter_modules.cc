#include "plan/adapter_modules.h"

#include <optional>
#include <set>
#include <utility>

namespace rr {
namespace {

void Add(const CheckedLayout& layout, const LayoutChoice& choice, const BoundTensor& tensor,
         std::set<std::string>* names) {
  const CheckedEntry& entry = layout.entries[static_cast<size_t>(tensor.entry)];
  if (!HasRank(entry)) return;
  std::string weight = WeightKey(layout, choice, tensor);
  names->insert(entry.rule->parameter ? std::move(weight) : ModuleOfWeight(std::move(weight)));
}

// The first key of each of a block's entries, for which no size is needed.
std::vector<BoundTensor> FirstTensors(const CheckedLayout& layout, int block, int variant) {
  std::vector<BoundTensor> tensors;
  for (size_t e = 0; e < layout.entries.size(); ++e) {
    const CheckedEntry& entry = layout.entries[e];
    if (entry.block != block || entry.variant != variant || entry.rule->drop) continue;
    BoundTensor tensor;
    tensor.entry = static_cast<int>(e);
    tensor.captures.assign(CapturesOf(entry).size(), 0);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace

std::vector<std::string> AllModules(const Model& model, const BoundLayout& bound) {
  const CheckedLayout& layout = *bound.layout;
  std::set<std::string> names;
  for (const BoundTensor& tensor : bound.tensors) Add(layout, bound.choice, tensor, &names);
  InstantiateOptions options;
  options.rank_of = [](const std::string&) { return std::optional<int64_t>(1); };
  for (size_t b = 0; b < bound.choice.present.size(); ++b) {
    if (bound.choice.present[b] || layout.variant_counts[b] == 0) continue;
    LayoutChoice only = bound.choice;
    only.present.assign(only.present.size(), false);
    only.present[b] = true;
    Diagnostics unknown;  // nothing of the block is written
    const std::optional<BoundLayout> block = Instantiate(model, layout, only, options, &unknown);
    for (const BoundTensor& tensor :
         block ? block->tensors : FirstTensors(layout, static_cast<int>(b), only.variants[b]))
      Add(layout, only, tensor, &names);
  }
  return {names.begin(), names.end()};
}

}  // namespace rr
