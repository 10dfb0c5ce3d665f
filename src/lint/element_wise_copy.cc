// RR601: two layouts that run through a tensor in different directions: no two elements that are
// neighbours in one are neighbours in the other, so a conversion gathers them one by one.
#include <fmt/format.h>

#include <map>
#include <optional>

#include "base/text.h"
#include "lint/passes.h"

namespace rr {
namespace {

// The factor of an axis that moves by one element in the last dimension.
std::optional<std::string> FastestOf(const CheckedRules& rules, const CheckedLeaf& leaf,
                                     size_t dims) {
  const Poly one = Poly::Constant(1);
  const LogicalTensor& tensor = rules.tensors[static_cast<size_t>(leaf.tensor)];
  for (size_t a = 0; a < leaf.axes.size(); ++a) {
    const std::vector<AxisUse::Atom>& atoms = leaf.axes[a].atoms;
    for (size_t i = 0; i < atoms.size(); ++i) {
      if (atoms[i].captured || atoms[i].dim + 1 != static_cast<int>(dims)) continue;
      // Only the last factor of an axis counts its neighbours.
      if (atoms[i].stride == one && i + 1 == atoms.size()) return tensor.axes[a];
      if (atoms[i].stride == one) return fmt::format("{} of {}", atoms[i].axis, tensor.axes[a]);
    }
  }
  return std::nullopt;
}

// Tensor -> the axis of its neighbours, in one layout.
std::map<int, std::string> Directions(const CheckedRules& rules, const CheckedLayout& layout) {
  std::map<int, std::string> directions;
  for (const CheckedEntry& entry : layout.entries) {
    for (const CheckedLeaf& leaf : entry.leaves) {
      if (const auto axis = FastestOf(rules, leaf, entry.shape.size()))
        directions.emplace(leaf.tensor, *axis);
    }
  }
  return directions;
}

}  // namespace

void FindElementWiseCopies(const LintContext& context, Diagnostics* diagnostics) {
  const CheckedRules& rules = context.rules;
  std::vector<std::map<int, std::string>> directions;
  for (const CheckedLayout& layout : rules.layouts) directions.push_back(Directions(rules, layout));
  for (size_t i = 0; i < rules.layouts.size(); ++i) {
    for (size_t j = i + 1; j < rules.layouts.size(); ++j) {
      std::vector<std::string> tensors;
      for (const auto& [tensor, axis] : directions[i]) {
        const auto other = directions[j].find(tensor);
        if (other == directions[j].end() || other->second == axis) continue;
        tensors.push_back(
            fmt::format("{} ({} against {})", rules.FullName(tensor), axis, other->second));
      }
      if (tensors.empty()) continue;
      diagnostics->Add(
          Code::kElementWiseCopy, rules.layouts[j].name.place,
          fmt::format("between `{}` and `{}` elements are moved one by one: {}",
                      rules.layouts[i].name.text, rules.layouts[j].name.text, JoinWords(tensors)));
    }
  }
}

}  // namespace rr
