#include "plan/left_out.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "bind/key_regex.h"

namespace rr {
namespace {

std::set<int> StoredBy(const CheckedLayout& layout, const LayoutChoice& choice) {
  std::set<int> tensors;
  for (const CheckedEntry& entry : layout.entries) {
    if (choice.variants[static_cast<size_t>(entry.block)] != entry.variant || entry.rule->tied)
      continue;
    for (const CheckedLeaf& leaf : entry.leaves) tensors.insert(leaf.tensor);
  }
  return tensors;
}

// A padded dimension: its extent without the padding, and as it is stored. The two are equal when
// nothing is padded.
struct Padding {
  int64_t dim = 0, kept = 0, stored = 0;
};
Padding PaddingOf(const Model& model, const CheckedEntry& entry, const BoundTensor& tensor) {
  const int64_t dim = entry.rule->pad->dim;
  const int64_t stored = tensor.shape[static_cast<size_t>(dim)];
  const auto kept = entry.shape[static_cast<size_t>(dim)].Evaluate(
      [&](const std::string& axis) { return model.SizeOf(axis); });
  return {dim, kept.value_or(stored), stored};
}

const CheckedEntry& EntryOf(const BoundLayout& bound, const BoundTensor& tensor) {
  return bound.layout->entries[static_cast<size_t>(tensor.entry)];
}

}  // namespace

std::vector<std::string> LostTensors(const BoundSource& source, const BoundLayout& destination) {
  const CheckedRules& rules = source.model->rules();
  const CheckedLayout& layout = *destination.layout;
  const std::set<int> wanted = StoredBy(layout, destination.choice);
  std::vector<std::string> lost;
  for (const int tensor : StoredBy(*source.layout.layout, source.layout.choice)) {
    const auto block = static_cast<size_t>(rules.tensors[static_cast<size_t>(tensor)].block);
    if (wanted.count(tensor) > 0 || !source.layout.choice.present[block]) continue;
    const TableRule* table = layout.tables[block];
    const std::string reason =
        table != nullptr && table->partial ? *table->partial : layout.partial.value_or("");
    lost.push_back(rules.FullName(tensor) + (reason.empty() ? "" : fmt::format(" ({})", reason)));
  }
  return lost;
}

std::vector<CutPad> CutPads(const BoundSource& source, const KeyTable& table,
                            std::vector<std::string>* notes) {
  std::vector<CutPad> cuts;
  for (uint32_t i = 0; i < source.layout.tensors.size(); ++i) {
    const CheckedEntry& entry = EntryOf(source.layout, source.layout.tensors[i]);
    if (!entry.rule->pad) continue;
    const Padding padding = PaddingOf(*source.model, entry, source.layout.tensors[i]);
    if (padding.kept == padding.stored) continue;
    cuts.push_back({source.found[i], padding.dim, padding.kept, entry.rule->pad->check_zero});
    notes->push_back(fmt::format("{}: padding cut from {} to {}", table.keys[source.found[i]].name,
                                 padding.stored, padding.kept));
  }
  return cuts;
}

void NotePads(const BoundSource& source, const BoundLayout& destination,
              const std::vector<bool>& moved_whole, std::vector<std::string>* notes) {
  for (uint32_t i = 0; i < destination.tensors.size(); ++i) {
    const BoundTensor& tensor = destination.tensors[i];
    const CheckedEntry& entry = EntryOf(destination, tensor);
    if (!entry.rule->pad || moved_whole[i]) continue;
    const Padding padding = PaddingOf(*source.model, entry, tensor);
    if (padding.kept != padding.stored) {
      notes->push_back(fmt::format("{}: padded with zeros from {} to {}", tensor.key, padding.kept,
                                   padding.stored));
    }
  }
}

std::vector<std::string> DroppedKeys(const BoundSource& source, const KeyTable& table,
                                     Diagnostics* diagnostics) {
  std::vector<std::string> dropped;
  for (uint32_t i = 0; i < source.layout.tensors.size(); ++i) {
    if (!EntryOf(source.layout, source.layout.tensors[i]).rule->tied) continue;
    dropped.push_back(fmt::format("{} (tied: equal to what is stored elsewhere)",
                                  table.keys[source.found[i]].name));
  }
  std::vector<std::pair<KeyRegex, std::string>> ignores;
  for (const RegexRule& ignore : source.layout.layout->ignore) {
    if (auto compiled = KeyRegex::Compile("ignore", ignore.regex.text, diagnostics))
      ignores.push_back({std::move(*compiled), ignore.reason});
  }
  for (const uint32_t key : source.ignored) {
    const std::string& name = table.keys[key].name;
    std::string reason;
    for (const auto& [regex, why] : ignores) {
      if (regex.Matches(name)) reason = why;
    }
    dropped.push_back(reason.empty() ? name : fmt::format("{} ({})", name, reason));
  }
  return dropped;
}

}  // namespace rr
