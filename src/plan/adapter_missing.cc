#include "plan/adapter_missing.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"

namespace rr {
namespace {

constexpr size_t kShownSlices = 5;

bool HasMagnitude(const SlicedLayout& sliced, const SliceKey& slice) {
  const auto found = sliced.slices.find(slice);
  return found != sliced.slices.end() && !found->second.magnitude.empty();
}

SliceKey FirstIndices(SliceKey slice, size_t count) {
  slice.batch.resize(std::min(count, slice.batch.size()));
  return slice;
}

// The weights of which something is stored as a whole.
std::set<int> SavedWeights(const BoundLayout& bound, const CheckedRules& rules) {
  std::set<int> weights;
  for (const BoundPiece& piece : bound.pieces) {
    const int tensor = bound.leaves[piece.leaf].tensor;
    if (rules.tensors[static_cast<size_t>(tensor)].factor == Factor::kSaved) weights.insert(tensor);
  }
  return weights;
}

}  // namespace

bool CheckMissing(const AdapterSource& adapter, const CheckedRules& rules,
                  const SlicedLayout& destination, const std::vector<SliceGroup>& groups,
                  bool fill_zero, std::vector<std::string>* defaulted, Diagnostics* diagnostics) {
  std::vector<std::string> missing, magnitudes;
  for (const SliceGroup& group : groups) {
    if (!group.HasSource()) continue;
    const bool has_magnitude =
        std::any_of(group.slices.begin(), group.slices.end(),
                    [&](const SliceKey& slice) { return HasMagnitude(adapter.sliced, slice); });
    for (const SliceKey& slice : group.missing) {
      missing.push_back(SliceName(rules, slice));
      if (has_magnitude && HasMagnitude(destination, slice)) magnitudes.push_back(missing.back());
    }
  }
  const CheckedLayout& layout = *destination.bound.layout;
  if (!magnitudes.empty()) {
    diagnostics
        ->Add(Code::kMissingKey, layout.name.place,
              fmt::format("layout `{}` stores a DoRA magnitude of {} together with those that the "
                          "adapter has, and the adapter has none for it. Zero is none: it would be "
                          "the length of the base's weights",
                          layout.name.text, JoinWords(magnitudes, kShownSlices)))
        .help =
        "`merge` leaves these parts as they are; a layout that stores them apart needs no "
        "magnitude of them";
    return false;
  }
  if (missing.empty()) return true;
  if (!fill_zero) {
    diagnostics
        ->Add(Code::kMissingKey, layout.name.place,
              fmt::format("layout `{}` stores {} together with what the adapter has, and the "
                          "adapter has no factors for it",
                          layout.name.text, JoinWords(missing, kShownSlices)))
        .help = "--fill zero takes what is missing as zero";
    return false;
  }
  defaulted->push_back(fmt::format("{} slices = 0 (--fill zero)", missing.size()));
  return true;
}

void NoteUnchanged(const BoundSource& source, const AdapterSource& adapter,
                   const std::vector<SliceGroup>& groups, const BoundLayout& destination,
                   std::vector<std::string>* notes) {
  const CheckedRules& rules = source.model->rules();
  const std::set<int> saved = SavedWeights(source.layout, rules);
  std::set<SliceKey> adapted;  // weights, and those of each layer
  for (const auto& [slice, facts] : adapter.facts) {
    for (const size_t indices : {0, 1}) adapted.insert(FirstIndices(slice, indices));
  }
  std::vector<std::string> unchanged;
  const auto add = [&](std::string name) {
    if (std::find(unchanged.begin(), unchanged.end(), name) == unchanged.end())
      unchanged.push_back(std::move(name));
  };
  for (const SliceGroup& group : groups) {
    for (SliceKey slice : group.missing) {
      const bool expert = slice.batch.size() > 1 && adapted.count(FirstIndices(slice, 1)) > 0;
      if (saved.count(slice.weight) > 0 || !(group.HasSource() || expert)) continue;
      // As a whole where nothing of it is there.
      for (const size_t indices : {1, 0}) {
        if (adapted.count(FirstIndices(slice, indices)) == 0) slice = FirstIndices(slice, indices);
      }
      add(SliceName(rules, slice));
    }
  }
  for (const int weight : SavedWeights(destination, rules)) {
    if (saved.count(weight) == 0 && adapted.count({weight, {}}) == 0) add(rules.FullName(weight));
  }
  if (!unchanged.empty())
    notes->push_back(
        fmt::format("left as the base has it, because the adapter has nothing for it: {}",
                    JoinWords(unchanged, kShownSlices)));
}

}  // namespace rr
