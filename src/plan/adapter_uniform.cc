#include "plan/adapter_uniform.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "bind/scaled_rank.h"

namespace rr {
namespace {

bool IsScaledGroup(const CheckedRules& rules, const ScaledRank& scaled, const SliceGroup& group) {
  return IsScaled(scaled, rules.tensors[static_cast<size_t>(group.slices[0].weight)]);
}

// The rank of the modules whose rank is not the scaled one; nullopt when they differ or there are
// none.
std::optional<int64_t> PlainRank(const CheckedRules& rules, const ScaledRank& scaled,
                                 const std::vector<SliceGroup>& groups) {
  std::optional<int64_t> rank;
  for (const SliceGroup& group : groups) {
    if (!group.HasSource() || IsScaledGroup(rules, scaled, group)) continue;
    if (rank && *rank != group.rank) return std::nullopt;
    rank = group.rank;
  }
  return rank;
}

// Two ranks, one of which follows from the other, and one alpha.
bool HasScaledForm(const Model& model, const ScaledRank& scaled,
                   const std::vector<SliceGroup>& groups) {
  const std::optional<int64_t> plain = PlainRank(model.rules(), scaled, groups);
  const std::optional<int64_t> rank = plain ? ScaledRankOf(scaled, *plain, model) : std::nullopt;
  if (!rank) return false;
  const SliceGroup* first = nullptr;
  for (const SliceGroup& group : groups) {
    if (!group.HasSource()) continue;
    if (first == nullptr) first = &group;
    if (IsScaledGroup(model.rules(), scaled, group) && group.rank != *rank) return false;
    if (group.alpha != first->alpha || group.scale.has_value() != group.alpha.has_value())
      return false;
  }
  return true;
}

// What the style can hold besides one rank, in numbers where they are known.
std::string ScaledAlternative(const Model& model, const ScaledRank& scaled,
                              const std::vector<SliceGroup>& groups) {
  const std::optional<int64_t> plain = PlainRank(model.rules(), scaled, groups);
  const std::optional<int64_t> rank = plain ? ScaledRankOf(scaled, *plain, model) : std::nullopt;
  return fmt::format(
      "it can also hold, at one alpha for all, rank {} for modules with the axis {}{}",
      scaled.rank.text().text, scaled.axis.text,
      rank ? fmt::format(": {} beside {}", *rank, *plain) : "");
}

}  // namespace

// A destination with one rank, or one scale, for everything.
bool MakeUniform(const Model& model, const CheckedLayout& layout, const LoaderNeeds& needs,
                 const ConversionOptions& options, std::vector<SliceGroup>* groups,
                 std::vector<std::string>* notes, Diagnostics* diagnostics) {
  if (!needs.uniform && !needs.one_scale) return false;
  const CheckedRules& rules = model.rules();
  const SliceGroup* first = nullptr;
  const SliceGroup* odd = nullptr;
  int64_t rank = 0;
  for (const SliceGroup& group : *groups) {
    if (!group.HasSource()) continue;
    rank = std::max(rank, group.rank);
    if (first == nullptr) first = &group;
    const bool same_rank = !needs.uniform || group.rank == first->rank;
    const bool same_scale = !group.scale || !first->scale || *group.scale == *first->scale;
    if (odd == nullptr && !(same_rank && same_scale)) odd = &group;
  }
  if (odd == nullptr) return false;
  const ScaledRank* scaled =
      needs.uniform && layout.style->scaled_rank ? &*layout.style->scaled_rank : nullptr;
  if (scaled != nullptr && !needs.rslora && HasScaledForm(model, *scaled, *groups)) {
    notes->push_back(
        fmt::format("modules with the axis {} have rank {}, and adapter_config.json "
                    "gets the stamp that says so",
                    scaled->axis.text, scaled->rank.text().text));
    return true;
  }
  if (!options.allow_uniform_rank) {
    auto text = [&](const SliceGroup& group) {
      return fmt::format("{} has rank {}{}", SliceName(rules, group.slices[0]), group.rank,
                         group.scale ? fmt::format(" and scale {:.6g}", *group.scale) : "");
    };
    Diagnostic& d = diagnostics->Add(
        Code::kUniformRank, layout.name.place,
        fmt::format("`{}` stores one {} for all modules, but {} and {}", layout.name.text,
                    needs.uniform ? "rank and alpha" : "scale", text(*first), text(*odd)));
    d.help = "--allow uniform-rank fills the smaller ranks with zeros and folds scales into B";
    if (scaled != nullptr) d.notes.push_back({{}, ScaledAlternative(model, *scaled, *groups)});
    return false;
  }
  const std::optional<double> scale = first->scale;
  for (SliceGroup& group : *groups) {
    if (!group.HasSource()) continue;
    if (needs.uniform) group.rank = rank;
    group.scale = scale;
    group.alpha.reset();  // follows from scale and rank
  }
  notes->push_back(needs.uniform ? fmt::format("all modules have rank {} (zeros fill)", rank)
                                 : std::string("all modules have one scale, folded into B"));
  return false;
}

// Parts of one weight that are stored apart (gate and up as w1 and w3) have one name, and so one
// alpha: the smaller ranks are filled with zeros.
void AlignParts(const SlicedLayout& structure, const CheckedLayout& layout,
                const LayoutChoice& choice, std::vector<SliceGroup>* groups,
                std::vector<std::string>* notes) {
  std::map<std::string, std::vector<SliceGroup*>> by_weight;
  for (SliceGroup& group : *groups) {
    if (!group.HasSource()) continue;
    const std::string weight = WeightKey(layout, choice, structure.bound.tensors[group.stored[0]]);
    by_weight[weight].push_back(&group);
  }
  size_t filled = 0;
  for (auto& [weight, parts] : by_weight) {
    int64_t rank = 0;
    for (const SliceGroup* group : parts) rank = std::max(rank, group->rank);
    for (SliceGroup* group : parts) {
      if (group->rank == rank && group->scale == parts[0]->scale) continue;
      filled += group->rank != rank;
      group->rank = rank;
      group->scale = parts[0]->scale;
      group->alpha.reset();  // follows from scale and rank
    }
  }
  if (filled > 0)
    notes->push_back(
        fmt::format("the ranks of {} parts are filled with zeros, because the weight that they "
                    "belong to has one alpha",
                    filled));
}

}  // namespace rr
