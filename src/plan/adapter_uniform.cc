#include "plan/adapter_uniform.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace rr {

// A destination with one rank, or one scale, for everything.
void MakeUniform(const CheckedRules& rules, const CheckedLayout& layout, const LoaderNeeds& needs,
                 const ConversionOptions& options, std::vector<SliceGroup>* groups,
                 std::vector<std::string>* notes, Diagnostics* diagnostics) {
  if (!needs.uniform && !needs.one_scale) return;
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
  if (odd == nullptr) return;
  if (!options.allow_uniform_rank) {
    auto text = [&](const SliceGroup& group) {
      return fmt::format("{} has rank {}{}", SliceName(rules, group.slices[0]), group.rank,
                         group.scale ? fmt::format(" and scale {:.6g}", *group.scale) : "");
    };
    diagnostics
        ->Add(Code::kUniformRank, layout.name.place,
              fmt::format("`{}` stores one {} for all modules, but {} and {}", layout.name.text,
                          needs.uniform ? "rank and alpha" : "scale", text(*first), text(*odd)))
        .help = "--allow uniform-rank fills the smaller ranks with zeros and folds scales into B";
    return;
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
