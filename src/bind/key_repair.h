// Names that a system wrote by mistake, or that only its memory has, read as what they mean.
//
// Each repair knows one such mistake and changes names only. It is applied to every source before
// anything else is asked of the keys, and always reported. A mistake that allows two readings is
// none of these: the user says which with --prefix and --rename (causes.h proposes them).
#ifndef RULE_RUNNER_BIND_KEY_REPAIR_H_
#define RULE_RUNNER_BIND_KEY_REPAIR_H_

#include <string>
#include <vector>

namespace rr {

struct KeyRepair {
  std::string name;  // "corrupt-prefix"
  std::string why;   // what was found, who writes it, how it is read
};

// Changes `keys` in place and says what was done. A repair that would give two keys one name is
// left alone.
std::vector<KeyRepair> RepairKeys(std::vector<std::string>* keys);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_KEY_REPAIR_H_
