// adapter_config.json gives another rank than the tensors have: the config of another run, or a
// trainer that changed what `r` means (a folded dimension is experts x rank).
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "bind/each_cause.h"
#include "syntax/adapter_style.h"

namespace rr {

void CauseRankConfig(const CauseScene& scene, std::vector<Cause>* causes) {
  if (!scene.adapter || scene.bound == nullptr || scene.layout->style == nullptr) return;
  if (!scene.layout->style->config_rank || !scene.adapter_config->present()) return;
  const auto said = scene.adapter_config->Lookup("r");
  if (!said || said->AsInt() == nullptr) return;
  std::map<int64_t, const BoundTensor*> ranks;
  for (const FactorRank& factor : FactorRanks(scene)) ranks.emplace(factor.rank, factor.tensor);
  // More than one rank is the business of rank_pattern, and RR423 names each module.
  if (ranks.size() != 1 || ranks.begin()->first == *said->AsInt()) return;
  const auto patterns = scene.adapter_config->Lookup("rank_pattern");
  if (patterns && patterns->AsMap() != nullptr && !patterns->AsMap()->empty()) return;
  const auto explains = [](const Cause& cause) { return cause.name == "rank-scaling"; };
  if (std::any_of(causes->begin(), causes->end(), explains)) return;
  const auto& [rank, tensor] = *ranks.begin();
  causes->push_back(
      {"rank-config",
       fmt::format("every tensor has rank {}, for instance {} [{}], but adapter_config.json says r "
                   "= {}: it is the config of another run, or of another version of the trainer",
                   rank, tensor->key, fmt::join(tensor->shape, ", "), *said->AsInt()),
       ConvertCommand(scene, scene.layout->name.text,
                      fmt::format("--set adapter_config.r={}", rank))});
}

}  // namespace rr
