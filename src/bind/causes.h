// Why a checkpoint or adapter is not what a loader wants, in words of the systems that wrote it,
// and the command that mends it.
//
// Enters: a source as far as it could be recognised. Leaves: causes, each a known mistake or
// mismatch of formats that real users met. A cause is only named where keys, shapes and configs
// show it; where they allow two readings it says so. One cause is one file, cause_*.cc; their tests
// are the rows of tests/unit/run/causes_test.cc.
#ifndef RULE_RUNNER_BIND_CAUSES_H_
#define RULE_RUNNER_BIND_CAUSES_H_

#include <map>
#include <string>
#include <vector>

#include "bind/adapter_source.h"
#include "bind/bind_source.h"
#include "bind/config.h"
#include "bind/detect.h"
#include "bind/key_repair.h"
#include "bind/key_table.h"

namespace rr {

struct Cause {
  std::string name;  // "foreign-prefix"
  std::string why;   // what was found and what it means
  std::string mend;  // a command, or what to do where no command of ours can
};

// A source, recognised or not. Pointers are nullptr for what is not known.
struct CauseScene {
  std::string path;  // as commands name it
  bool adapter = false;
  const KeyTable* table = nullptr;
  std::vector<RulesPtr> families;  // that the config may mean
  const CheckedRules* rules = nullptr;
  const CheckedLayout* layout = nullptr;
  const BoundSource* bound = nullptr;
  const AdapterSource* factors = nullptr;
  const Detection* detection = nullptr;
  const Config* config = nullptr;
  const Config* adapter_config = nullptr;
  const std::map<std::string, int64_t>* given = nullptr;
  const std::vector<KeyRepair>* repairs = nullptr;
};

// All causes that are seen, those of names first.
std::vector<Cause> FindCauses(const CauseScene& scene);

// One cause each; they add what they see.
void CauseRepairedNames(const CauseScene& scene, std::vector<Cause>* causes);
void CauseForeignNames(const CauseScene& scene, std::vector<Cause>* causes);
void CauseUnmergedAdapter(const CauseScene& scene, std::vector<Cause>* causes);
void CauseFusedModules(const CauseScene& scene, std::vector<Cause>* causes);
void CauseOtherTool(const CauseScene& scene, std::vector<Cause>* causes);
void CauseTiedHead(const CauseScene& scene, std::vector<Cause>* causes);
void CauseRankConfig(const CauseScene& scene, std::vector<Cause>* causes);
void CauseExpertCount(const CauseScene& scene, std::vector<Cause>* causes);
void CauseOutputGate(const CauseScene& scene, std::vector<Cause>* causes);
void CauseUnknownModel(const CauseScene& scene, std::vector<Cause>* causes);
void CauseWrapperOrder(const CauseScene& scene, std::vector<Cause>* causes);
void CauseTwinOrder(const CauseScene& scene, std::vector<Cause>* causes);
void CauseFusedExperts(const CauseScene& scene, std::vector<Cause>* causes);
void CauseHalfAdapted(const CauseScene& scene, std::vector<Cause>* causes);
void CauseLinearAttention(const CauseScene& scene, std::vector<Cause>* causes);
void CauseTargetModules(const CauseScene& scene, std::vector<Cause>* causes);

// Shared by causes: "rule-runner convert PATH OUT --to TO", with more flags behind.
std::string ConvertCommand(const CauseScene& scene, const std::string& to,
                           const std::string& flags = "");
// The layout that the newest PEFT reads, by the family's targets; "peft-expert" without one.
std::string PeftTarget(const CauseScene& scene);
// Keys that no rule knows: all of them where nothing could be bound.
std::vector<uint32_t> UnknownKeys(const CauseScene& scene);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_CAUSES_H_
