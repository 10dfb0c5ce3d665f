#include <fmt/format.h>

#include <numeric>

#include "bind/each_cause.h"
#include "bind/ranks.h"

namespace rr {

std::vector<Cause> FindCausesOfErrors(const CauseScene& scene) {
  std::vector<Cause> causes;
  for (const auto find :
       {CauseRepairedNames, CauseForeignNames, CauseForeignCodes, CauseWrappedModel,
        CauseUnmergedAdapter, CauseFusedModules, CauseOtherTool, CauseTiedHead, CauseRankScaling,
        CauseRankConfig, CauseExpertCount, CauseOutputGate, CauseUnknownModel, CauseWrapperOrder,
        CauseRepeatedTensors, CauseMlx, CauseBnbExperts})
    find(scene, &causes);
  return causes;
}

std::vector<Cause> FindCauses(const CauseScene& scene) {
  std::vector<Cause> causes = FindCausesOfErrors(scene);
  for (const auto find : {CauseTwinOrder, CauseFusedExperts, CauseHalfAdapted, CauseLinearAttention,
                          CauseTargetModules})
    find(scene, &causes);
  return causes;
}

std::string ConvertCommand(const CauseScene& scene, const std::string& to,
                           const std::string& flags) {
  return fmt::format("rule-runner convert {} OUT --to {}{}{}", scene.path, to,
                     flags.empty() ? "" : " ", flags);
}

std::string PeftTarget(const CauseScene& scene) {
  const CheckedRules* rules = scene.rules;
  if (rules == nullptr && scene.families.size() == 1) rules = scene.families[0].get();
  if (rules != nullptr) {
    for (const TargetRule& target : rules->file->targets) {
      if (target.system.text == "peft" && !target.cases.empty() &&
          rules->FindLayout(target.cases.back().adapters.text) != nullptr)
        return target.cases.back().adapters.text;
    }
  }
  return "peft-expert";
}

std::vector<FactorRank> FactorRanks(const CauseScene& scene) {
  const BoundLayout& bound = scene.bound->layout;
  std::vector<FactorRank> ranks;
  for (size_t i = 0; i < bound.tensors.size(); ++i) {
    const CheckedEntry& entry = bound.EntryOf(bound.tensors[i]);
    const auto& shape = scene.table->keys[scene.bound->found[i]].shape;
    if (!shape || !HasRank(entry)) continue;
    if (const auto rank = RankOfShape(entry, *shape, *scene.bound->model))
      ranks.push_back({&bound.tensors[i], *rank});
  }
  return ranks;
}

std::vector<uint32_t> UnknownKeys(const CauseScene& scene) {
  if (scene.bound != nullptr) return scene.bound->unmatched;
  std::vector<uint32_t> all(scene.table->keys.size());
  std::iota(all.begin(), all.end(), 0U);
  return all;
}

}  // namespace rr
