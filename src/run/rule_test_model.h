// The model that a test describes.
#ifndef RULE_RUNNER_RUN_RULE_TEST_MODEL_H_
#define RULE_RUNNER_RUN_RULE_TEST_MODEL_H_

#include <string>

#include "bind/config.h"
#include "bind/model.h"
#include "check/checked_rules.h"

namespace rr {

// One attribute: JSON, or text where it is none.
void SetJson(const std::string& name, const std::string& json, Config* config);
Config ConfigOfTest(const TestRule& test);
Config AdapterConfigOfTest(const TestRule& test);
// With its `sizes`.
Model ModelOfTest(const CheckedRules& rules, const TestRule& test);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_RULE_TEST_MODEL_H_
