#include "bind/captured_index.h"

#include <algorithm>

namespace rr {
namespace {

std::optional<int64_t> CaptureOf(const std::string& axis, const EntryMatch& match) {
  for (const auto& [name, value] : match.captures) {
    if (name == axis) return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<int64_t> CapturedIndex(const std::string& axis, const CheckedLayout& layout,
                                     const EntryMatch& match, const Model& model) {
  if (const auto index = CaptureOf(axis, match)) return index;
  const auto refined = layout.refinements.find(axis);
  if (refined == layout.refinements.end()) return std::nullopt;
  for (const Refinement::Alternative& alternative : refined->second.alternatives) {
    const bool captured =
        std::all_of(alternative.factors.begin(), alternative.factors.end(),
                    [&](const auto& factor) { return CaptureOf(factor.axis, match).has_value(); });
    if (!captured || alternative.factors.empty()) continue;
    Poly index = alternative.offset;
    for (const Refinement::Factor& factor : alternative.factors)
      index = index + factor.stride * Poly::Constant(*CaptureOf(factor.axis, match));
    return index.Evaluate([&](const std::string& size) { return model.SizeOf(size); });
  }
  return std::nullopt;
}

}  // namespace rr
