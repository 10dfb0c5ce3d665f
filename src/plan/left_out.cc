#include "plan/left_out.h"

#include <fmt/format.h>

#include <algorithm>
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

}  // namespace

std::vector<int> LostTensors(const BoundSource& source, const BoundLayout& destination) {
  const CheckedRules& rules = source.model->rules();
  const std::set<int> wanted = StoredBy(*destination.layout, destination.choice);
  std::vector<int> lost;
  for (const int tensor : StoredBy(*source.layout.layout, source.layout.choice)) {
    const auto block = static_cast<size_t>(rules.tensors[static_cast<size_t>(tensor)].block);
    if (wanted.count(tensor) == 0 && source.layout.choice.present[block]) lost.push_back(tensor);
  }
  return lost;
}

std::string LostText(const BoundSource& source, const BoundLayout& destination, int tensor) {
  const CheckedRules& rules = source.model->rules();
  const CheckedLayout& layout = *destination.layout;
  const TableRule* table =
      layout.tables[static_cast<size_t>(rules.tensors[static_cast<size_t>(tensor)].block)];
  const std::string reason =
      table != nullptr && table->partial ? *table->partial : layout.partial.value_or("");
  return rules.FullName(tensor) + (reason.empty() ? "" : fmt::format(" ({})", reason));
}

std::vector<std::string> UnreadKeys(const BoundSource& source, const KeyTable& table,
                                    const Graph& graph, const std::vector<int>& lost,
                                    const std::set<uint32_t>& moved_whole) {
  // Elements that an edge repeats are counted again, so a key that is read in full has at least as
  // many as it holds.
  std::vector<int64_t> read(graph.sources.size(), 0), held(graph.sources.size(), 0);
  for (const Edge& edge : graph.edges) {
    int64_t n = 1;
    for (const CopyDim& dim : edge.copy.dims) n *= dim.src == 0 ? 1 : dim.n;
    read[edge.source] += n;
  }
  for (const BoundPiece& piece : source.layout.pieces) {
    const BoundLeaf& leaf = source.layout.leaves[piece.leaf];
    if (leaf.tied || moved_whole.count(piece.stored) > 0) continue;
    if (std::find(lost.begin(), lost.end(), leaf.tensor) != lost.end()) continue;
    held[source.found[piece.stored]] += source.layout.CountOf(piece);
  }
  std::vector<std::string> keys;
  for (size_t i = 0; i < table.keys.size(); ++i) {
    if (read[i] < held[i]) keys.push_back(table.keys[i].name);
  }
  return keys;
}

std::vector<std::string> DroppedKeys(const BoundSource& source, const KeyTable& table,
                                     Diagnostics* diagnostics) {
  std::vector<std::string> dropped;
  for (uint32_t i = 0; i < source.layout.tensors.size(); ++i) {
    if (!source.layout.EntryOf(source.layout.tensors[i]).rule->tied) continue;
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
