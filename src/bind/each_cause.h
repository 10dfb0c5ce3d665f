// The causes, one by one, and what they share: for causes.cc and the files of the causes.
#ifndef RULE_RUNNER_BIND_EACH_CAUSE_H_
#define RULE_RUNNER_BIND_EACH_CAUSE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "bind/causes.h"

namespace rr {

// One cause each; they add what they see.
void CauseRepairedNames(const CauseScene& scene, std::vector<Cause>* causes);
void CauseForeignNames(const CauseScene& scene, std::vector<Cause>* causes);
void CauseWrappedModel(const CauseScene& scene, std::vector<Cause>* causes);
void CauseForeignCodes(const CauseScene& scene, std::vector<Cause>* causes);
void CauseUnmergedAdapter(const CauseScene& scene, std::vector<Cause>* causes);
void CauseFusedModules(const CauseScene& scene, std::vector<Cause>* causes);
void CauseOtherTool(const CauseScene& scene, std::vector<Cause>* causes);
void CauseTiedHead(const CauseScene& scene, std::vector<Cause>* causes);
void CauseRankConfig(const CauseScene& scene, std::vector<Cause>* causes);
void CauseRankScaling(const CauseScene& scene, std::vector<Cause>* causes);
void CauseExpertCount(const CauseScene& scene, std::vector<Cause>* causes);
void CauseOutputGate(const CauseScene& scene, std::vector<Cause>* causes);
void CauseUnknownModel(const CauseScene& scene, std::vector<Cause>* causes);
void CauseWrapperOrder(const CauseScene& scene, std::vector<Cause>* causes);
void CauseTwinOrder(const CauseScene& scene, std::vector<Cause>* causes);
void CauseFusedExperts(const CauseScene& scene, std::vector<Cause>* causes);
void CauseHalfAdapted(const CauseScene& scene, std::vector<Cause>* causes);
void CauseLinearAttention(const CauseScene& scene, std::vector<Cause>* causes);
void CauseTargetModules(const CauseScene& scene, std::vector<Cause>* causes);
void CauseRepeatedTensors(const CauseScene& scene, std::vector<Cause>* causes);
void CauseMlx(const CauseScene& scene, std::vector<Cause>* causes);
void CauseBnbExperts(const CauseScene& scene, std::vector<Cause>* causes);

// Shared by causes: "rule-runner convert PATH OUT --to TO", with more flags behind.
std::string ConvertCommand(const CauseScene& scene, const std::string& to,
                           const std::string& flags = "");
// The layout that the newest PEFT reads, by the family's targets; "peft-expert" without one.
std::string PeftTarget(const CauseScene& scene);
// The factors of the adapter whose shapes tell their rank, in the order of the layout.
struct FactorRank {
  const BoundTensor* tensor = nullptr;
  int64_t rank = 0;
};
std::vector<FactorRank> FactorRanks(const CauseScene& scene);
// Keys that no rule knows: all of them where nothing could be bound.
std::vector<uint32_t> UnknownKeys(const CauseScene& scene);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_EACH_CAUSE_H_
