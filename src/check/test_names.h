// What the tests of a rule file name: tensors, axes, layouts of the family's weights and of its
// adapters.
#ifndef RULE_RUNNER_CHECK_TEST_NAMES_H_
#define RULE_RUNNER_CHECK_TEST_NAMES_H_

#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "check/checked_rules.h"
#include "check/test_element.h"

namespace rr {

// Whether a test of the file names what its weights do not have. Then it is of their adapters, or
// nothing.
bool NamesAdapters(const CheckedRules& weights);

// RR902 for what does not exist or cannot be meant. Without `adapters`, which may have errors of
// their own, names that the weights do not have are passed over.
void CheckTestNames(const CheckedRules& weights, const CheckedRules* adapters,
                    Diagnostics* diagnostics);

// The rules that have the tensor (if one is asked for) and the layout: those of the weights before
// those of the adapters. nullptr when neither has.
const CheckedRules* RulesOfTest(const CheckedRules& weights, const CheckedRules* adapters,
                                const std::string& tensor, const std::string& layout);

// The element of a test in rules that have its tensor with as many axes; nullopt otherwise.
struct ResolvedElement {
  int tensor = 0;
  std::vector<int64_t> indices;
};
std::optional<ResolvedElement> ElementOf(const CheckedRules& rules, const TestRule& test);

}  // namespace rr

#endif  // RULE_RUNNER_CHECK_TEST_NAMES_H_
