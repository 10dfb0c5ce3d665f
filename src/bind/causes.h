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

// Causes that keep a source from being read as it was meant, those of names first.
std::vector<Cause> FindCausesOfErrors(const CauseScene& scene);
// Those, and what else is to be known of a source that can be read: what loaders make of it.
std::vector<Cause> FindCauses(const CauseScene& scene);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_CAUSES_H_
