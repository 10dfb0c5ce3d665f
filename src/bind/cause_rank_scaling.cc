// Experts have the rank that a trainer made of `r` for them, and adapter_config.json does not say
// so: NeMo Automodel's moe_rank_scaling (NVIDIA-NeMo/Automodel#3834).
#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bind/each_cause.h"
#include "bind/scaled_rank.h"

namespace rr {

void CauseRankScaling(const CauseScene& scene, std::vector<Cause>* causes) {
  if (!scene.adapter || scene.bound == nullptr || scene.layout->style == nullptr) return;
  const AdapterStyle& style = *scene.layout->style;
  if (!style.config_rank || !style.scaled_rank || !scene.adapter_config->present()) return;
  const ScaledRank& scaled = *style.scaled_rank;
  const auto said = scene.adapter_config->Lookup("r");
  if (!said || said->AsInt() == nullptr || HasStamp(scaled, *scene.adapter_config)) return;
  const auto patterns = scene.adapter_config->Lookup("rank_pattern");
  if (patterns && patterns->AsMap() != nullptr && !patterns->AsMap()->empty()) return;
  std::set<int64_t> of_scaled, of_others;
  const BoundTensor* example = nullptr;
  for (const FactorRank& factor : FactorRanks(scene)) {
    const CheckedEntry& entry = scene.bound->layout.EntryOf(*factor.tensor);
    const auto t = static_cast<size_t>(entry.leaves[0].tensor);
    const bool is_scaled = IsScaled(scaled, scene.rules->tensors[t]);
    (is_scaled ? of_scaled : of_others).insert(factor.rank);
    if (is_scaled && example == nullptr) example = factor.tensor;
  }
  const auto expected = ScaledRankOf(scaled, *said->AsInt(), *scene.bound->model);
  const bool others_fit = of_others.empty() || of_others == std::set<int64_t>{*said->AsInt()};
  if (!expected || *expected == *said->AsInt() || !others_fit ||
      of_scaled != std::set<int64_t>{*expected})
    return;
  std::string stamp;
  for (const auto& [name, json] : scaled.stamp)
    stamp += fmt::format("{}--set adapter_config.{}={}", stamp.empty() ? "" : " ", name, json);
  causes->push_back(
      {"rank-scaling",
       fmt::format("adapter_config.json says r = {}, and all experts have rank {} = {}, for "
                   "instance {} [{}]: NeMo Automodel's moe_rank_scaling, which only its "
                   "automodel_peft_config.json tells. PEFT stops at the shapes, and loaders that "
                   "believe the shapes take a scale that is too small",
                   *said->AsInt(), *expected, scaled.rank.text().text, example->key,
                   fmt::join(example->shape, ", ")),
       ConvertCommand(scene, scene.layout->name.text, stamp)});
}

}  // namespace rr
