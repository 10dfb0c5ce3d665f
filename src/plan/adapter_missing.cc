#include "plan/adapter_missing.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace rr {
namespace {

constexpr size_t kShownSlices = 5;

bool HasMagnitude(const SlicedLayout& sliced, const SliceKey& slice) {
  const auto found = sliced.slices.find(slice);
  return found != sliced.slices.end() && !found->second.magnitude.empty();
}

}  // namespace

bool CheckMissing(const AdapterSource& adapter, const CheckedRules& rules,
                  const SlicedLayout& destination, const std::vector<SliceGroup>& groups,
                  bool fill_zero, std::vector<std::string>* defaulted, Diagnostics* diagnostics) {
  std::vector<std::string> missing, magnitudes;
  for (const SliceGroup& group : groups) {
    if (!group.HasSource()) continue;
    const bool has_magnitude =
        std::any_of(group.slices.begin(), group.slices.end(), [&](const SliceKey& slice) {
          return HasMagnitude(adapter.sliced, slice);
        });
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
        .help = "a layout that stores these parts apart needs no magnitude of what is not adapted";
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

}  // namespace rr
