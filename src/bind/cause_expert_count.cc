// A folded dimension (experts x rank) that the model's number of experts does not divide: experts
// counted in one shard of several, or the config of another model (unslothai/unsloth#5410).
#include <fmt/format.h>

#include <algorithm>

#include "bind/each_cause.h"
#include "bind/ranks.h"
#include "syntax/adapter_style.h"

namespace rr {

void CauseExpertCount(const CauseScene& scene, std::vector<Cause>* causes) {
  if (!scene.adapter || scene.bound == nullptr) return;
  const std::optional<int64_t> experts = scene.bound->model->SizeOf("E");
  if (!experts || *experts < 2) return;
  const LayoutMatch match = MatchKeys(*scene.layout, *scene.table);
  for (const EntryMatch& one : match.matches) {
    const CheckedEntry& entry = scene.layout->entries[static_cast<size_t>(one.entry)];
    const auto& shape = scene.table->keys[one.key].shape;
    if (!shape || !HasRank(entry) || shape->size() != entry.shape.size()) continue;
    for (size_t d = 0; d < entry.shape.size(); ++d) {
      if (!entry.shape[d].Has("E") || !entry.shape[d].Has(kRankAxis)) continue;
      if ((*shape)[d] % *experts == 0) continue;
      const auto r = scene.adapter_config->Lookup("r");
      const int64_t rank = r && r->AsInt() != nullptr && *r->AsInt() > 0 ? *r->AsInt() : 0;
      const bool divides = rank > 0 && (*shape)[d] % rank == 0;
      const int64_t found = divides ? (*shape)[d] / rank : 0;
      causes->push_back(
          {"expert-count",
           fmt::format(
               "dimension {} of {} is {}, experts x rank, which {} experts ({}) do not "
               "divide{}. The number of experts is the whole model's, never that of one "
               "shard",
               d, scene.table->keys[one.key].name, (*shape)[d], *experts,
               scene.bound->model->OriginOf("E"),
               divides ? fmt::format("; with r = {} it would be {} experts", rank, found) : ""),
           divides
               ? ConvertCommand(
                     scene, scene.layout->name.text,
                     fmt::format("--set E={}, if the model has {} experts", found, found))
               : ConvertCommand(scene, scene.layout->name.text,
                                "--config config.json, with that of the model it was made for")});
      return;
    }
  }
}

}  // namespace rr
