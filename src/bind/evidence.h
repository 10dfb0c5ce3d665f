// What tells layouts apart that keys and shapes cannot: stamps in adapter_config.json, the version
// of PEFT that made it, and which of two twins is the usual one.
#ifndef RULE_RUNNER_BIND_EVIDENCE_H_
#define RULE_RUNNER_BIND_EVIDENCE_H_

#include <string>
#include <vector>

#include "bind/config.h"
#include "check/checked_rules.h"

namespace rr {

// Narrows `layouts`, which fit equally well, and says why in `reasons`. At least one stays.
void WeighEvidence(const CheckedRules& rules, const Config& adapter_config,
                   std::vector<const CheckedLayout*>* layouts, std::vector<std::string>* reasons);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_EVIDENCE_H_
