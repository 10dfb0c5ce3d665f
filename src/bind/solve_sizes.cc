#include "bind/solve_sizes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "syntax/adapter_style.h"
#include "syntax/axis_expression.h"

namespace rr {

void SolveSizes(const CheckedLayout& layout, const LayoutMatch& match, const KeyTable& table,
                Model* model) {
  model->UseDefaults(false);
  std::map<std::string, std::pair<int64_t, uint32_t>>
      largest;  // axis -> largest index and the key that has it
  for (const EntryMatch& one : match.matches) {
    for (const auto& [axis, value] : one.captures) {
      auto [at, is_new] = largest.emplace(axis, std::pair{value, one.key});
      if (!is_new && value > at->second.first) at->second = {value, one.key};
    }
  }
  // A layout parameter follows what is found, unless it was given.
  const auto is_open = [&](const std::string& axis) {
    const AxisRule* rule = model->rules().file->FindAxis(axis);
    return rule != nullptr && rule->kind == AxisRule::Kind::kFree && !model->IsGiven(axis) &&
           !model->IsSolved(axis) && !(model->rules().file->adapters && axis == kRankAxis);
  };
  for (const auto& [axis, at] : largest) {
    if ((model->SizeOf(axis) && !is_open(axis)) || model->IsByKind(axis) || at.first == INT64_MAX)
      continue;
    model->Solve(axis, at.first + 1,
                 fmt::format("the largest index, in {}", table.keys[at.second].name));
  }
  // One equation per different (entry, extent): a checkpoint of 18,867 tensors has few.
  struct Equation {
    Poly extent;
    int64_t value;
    uint32_t key;
    bool operator<(const Equation& o) const {
      return std::tuple(extent.ToString(), value) < std::tuple(o.extent.ToString(), o.value);
    }
  };
  std::set<Equation> equations;
  std::set<std::pair<int, std::vector<int64_t>>> seen;
  for (const EntryMatch& one : match.matches) {
    const CheckedEntry& entry = layout.entries[static_cast<size_t>(one.entry)];
    if (entry.variant != match.choice.variants[static_cast<size_t>(entry.block)]) continue;
    const auto& shape = table.keys[one.key].shape;
    if (!shape || shape->size() != entry.shape.size() || !seen.insert({one.entry, *shape}).second)
      continue;
    const std::string& index_axis = model->IndexAxisOf(entry.block);
    for (size_t d = 0; d < shape->size(); ++d) {
      Poly extent = entry.shape[d];
      if (entry.rule->pad && entry.rule->pad->dim == static_cast<int64_t>(d)) {
        // The stored size of a padded dimension is the pad's own axis.
        if (!IsAxisName(entry.rule->pad->to.text)) continue;
        extent = Poly::Axis(entry.rule->pad->to.text);
      }
      const std::vector<std::string> axes = extent.Axes();
      // Every factor of an adapter has a rank of its own.
      if (model->rules().file->adapters &&
          std::find(axes.begin(), axes.end(), kRankAxis) != axes.end())
        continue;
      // A stacked index counts only the layers where the block exists.
      if (!index_axis.empty() && std::find(axes.begin(), axes.end(), index_axis) != axes.end())
        continue;
      equations.insert({extent, (*shape)[d], one.key});
    }
  }
  std::set<std::string> done;  // each axis once: a size that the config gets wrong stays wrong
  const auto known = [&](const std::string& axis) -> std::optional<int64_t> {
    return is_open(axis) ? std::nullopt : model->SizeOf(axis);
  };
  // Of a product of unknown sizes only the product can be known. The first of its sizes stands in
  // as 1; whoever needs the sizes themselves must be told them.
  std::set<std::string> tried;  // one that stood in and is still unknown tells nothing new
  const auto stand_in = [&] {
    const Equation* best = nullptr;
    std::vector<std::string> axes;
    for (const Equation& equation : equations) {
      const Poly rest = equation.extent.Substitute(known);
      const std::vector<std::string> own = rest.Axes();
      if (own.size() < 2 || rest.TermCount() != 1) continue;
      // A size per kind has no single value that could stand in.
      if (model->IsByKind(own[0]) || tried.count(own[0]) > 0) continue;
      if (best == nullptr || own.size() < axes.size()) best = &equation, axes = own;
    }
    if (best == nullptr) return false;
    tried.insert(axes[0]);
    model->StandIn(axes[0], 1, "only a product with it is known");
    for (const std::string& axis : axes) model->MarkStandIn(axis);
    return true;
  };
  // Solves `rest` = `value` for its only axis. What follows from a size that stands in stands in.
  const auto solve = [&](const Poly& rest, int64_t value, const std::vector<std::string>& used,
                         const std::string& why) {
    const auto linear = rest.AsLinear();
    if (!linear || model->IsByKind(linear->axis) || done.count(linear->axis) > 0) return false;
    const int64_t numerator = value - linear->constant;
    if (linear->factor <= 0 || numerator < 0 || numerator % linear->factor != 0) return false;
    model->Solve(linear->axis, numerator / linear->factor, why);
    if (std::any_of(used.begin(), used.end(),
                    [&](const std::string& axis) { return model->IsStandIn(axis); }))
      model->MarkStandIn(linear->axis);
    done.insert(linear->axis);
    return true;
  };
  // Of two products that differ by one size: their quotient. (G Q D) / (G D) is Q.
  const auto divide = [&] {
    for (const Equation& product : equations) {
      const Poly rest = product.extent.Substitute(known);
      if (rest.TermCount() != 1 || rest.Axes().size() < 2) continue;
      for (const Equation& part : equations) {
        const Poly divisor = part.extent.Substitute(known);
        if (divisor.TermCount() != 1 || divisor.Axes().empty() || part.value <= 0 ||
            product.value % part.value != 0)
          continue;
        const auto quotient = rest.DividedBy(divisor);
        if (!quotient) continue;
        std::vector<std::string> used = product.extent.Axes();
        std::erase_if(used, [&](const std::string& axis) { return known(axis) == std::nullopt; });
        if (solve(*quotient, product.value / part.value, used,
                  fmt::format("the shapes of {} and {}", table.keys[product.key].name,
                              table.keys[part.key].name)))
          return true;
      }
    }
    return false;
  };
  // What no shape shows has the default that it has where a config leaves it out.
  bool defaults = false;
  for (bool progress = true; progress;) {
    progress = false;
    for (const Equation& equation : equations) {
      if (solve(equation.extent.Substitute(known), equation.value, equation.extent.Axes(),
                fmt::format("the shape of {}", table.keys[equation.key].name)))
        progress = true;
    }
    if (!progress) progress = divide();
    if (!progress && !defaults) {
      model->UseDefaults(true);
      progress = defaults = true;
    }
    if (!progress) progress = stand_in();
  }
}

}  // namespace rr
