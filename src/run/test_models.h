// Small models of a family to try rules on: a config of each of its tests, and sizes that differ
// pairwise.
#ifndef RULE_RUNNER_RUN_TEST_MODELS_H_
#define RULE_RUNNER_RUN_TEST_MODELS_H_

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/config.h"
#include "check/checked_rules.h"

namespace rr {

struct TestModel {
  Config config;
  std::map<std::string, int64_t> sizes;
};

// One model without a config, where the rules need none, and one for every config of an element
// test that decides something else than sizes, which are chosen here. RR902 where no small sizes
// satisfy the rules.
std::vector<TestModel> MakeTestModels(const CheckedRules& rules, std::mt19937_64* random,
                                      Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_TEST_MODELS_H_
