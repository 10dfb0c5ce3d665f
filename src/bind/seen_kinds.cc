#include "bind/seen_kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "bind/captured_index.h"

namespace rr {
namespace {

// What was found at one value of an index axis: per key the blocks that may store it.
using Found = std::map<uint32_t, std::set<int>>;

// By index; all at 0 where no axis decides.
std::map<int64_t, Found> FoundAt(const std::string& axis, const CheckedLayout& layout,
                                 const LayoutMatch& match, const Model& model) {
  std::map<int64_t, Found> found;
  for (const EntryMatch& one : match.matches) {
    const int block = layout.entries[static_cast<size_t>(one.entry)].block;
    if (model.IndexAxisOf(block) != axis) continue;
    const std::optional<int64_t> index =
        axis.empty() ? std::optional<int64_t>(0) : CapturedIndex(axis, layout, one, model);
    if (index) found[*index][one.key].insert(block);
  }
  return found;
}

// How little the blocks that exist at an index fit what was found there: keys that none of them
// stores, then blocks without keys. An adapter may lack any block.
std::pair<size_t, size_t> Misfit(const Found& found, const std::string& axis, int64_t value,
                                 const Model& model) {
  const std::optional<int64_t> index = axis.empty() ? std::nullopt : std::optional(value);
  std::pair<size_t, size_t> misfit;
  std::set<int> used;
  for (const auto& [key, blocks] : found) {
    bool stored = false;
    for (const int block : blocks) {
      if (!model.Exists(block, index).value_or(true)) continue;
      stored = true;
      used.insert(block);
    }
    misfit.first += !stored;
  }
  if (model.rules().file->adapters) return misfit;
  for (size_t b = 0; b < model.rules().file->blocks.size(); ++b) {
    const auto block = static_cast<int>(b);
    misfit.second += model.IndexAxisOf(block) == axis && used.count(block) == 0 &&
                     model.Exists(block, index).value_or(false);
  }
  return misfit;
}

std::string Ranges(const std::vector<int64_t>& values) {
  std::vector<std::string> words;
  for (size_t i = 0; i < values.size();) {
    size_t end = i + 1;
    while (end < values.size() && values[end] == values[end - 1] + 1) ++end;
    words.push_back(end - i == 1 ? fmt::format("{}", values[i])
                                 : fmt::format("{} to {}", values[i], values[end - 1]));
    i = end;
  }
  return JoinWords(words);
}

}  // namespace

SeenKinds SeeKinds(const CheckedLayout& layout, const LayoutMatch& match, Model* model) {
  SeenKinds result;
  const std::vector<KindRule>& partitions = model->rules().file->kinds;
  for (size_t p = 0; p < partitions.size(); ++p) {
    const std::string axis = model->IndexAxisOfPartition(p);
    std::map<std::string, std::vector<int64_t>> seen;
    for (const auto& [index, found] : FoundAt(axis, layout, match, *model)) {
      std::vector<std::pair<std::pair<size_t, size_t>, std::string>> order;
      for (const std::string& kind : model->OpenKinds(p, index)) {
        model->See(p, index, kind);
        order.push_back({Misfit(found, axis, index, *model), kind});
        model->See(p, index, "");
      }
      if (order.empty()) continue;
      std::sort(order.begin(), order.end());
      if (order.size() > 1 && order[0].first == order[1].first) continue;
      model->See(p, index, order[0].second);
      result.kinds.push_back({p, index, order[0].second});
      seen[order[0].second].push_back(index);
    }
    for (const auto& [kind, indices] : seen)
      result.notes.push_back(
          fmt::format("{} is {} (seen in the keys; the config does not say)",
                      axis.empty() ? "the model" : axis + " = " + Ranges(indices), kind));
  }
  return result;
}

}  // namespace rr
