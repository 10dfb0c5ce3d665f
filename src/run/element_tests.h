// What the element tests of a rule file say, ready to be asked of any version of the rules.
#ifndef RULE_RUNNER_RUN_ELEMENT_TESTS_H_
#define RULE_RUNNER_RUN_ELEMENT_TESTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "bind/model.h"
#include "check/checked_rules.h"
#include "run/rule_test_model.h"

namespace rr {

// One test with its model.
struct ElementTest {
  const TestRule* rule = nullptr;
  int tensor = 0;
  std::vector<int64_t> indices;
  bool inherited = false;  // from a file that this one extends

  Model ModelOf(const CheckedRules& rules) const { return ModelOfTest(rules, *rule); }
};

// Tests of elements of these rules; others are passed over.
std::vector<ElementTest> ElementTestsOf(const CheckedRules& rules);

// What explains that `test` finds an element elsewhere than it expects: a usual mistake that would
// put this element, and all others that tests follow through the same entry, where the tests say;
// or a distance that is the length of a part. Empty when nothing does.
std::string GuessMistake(const CheckedRules& rules, const std::vector<ElementTest>& tests,
                         const ElementTest& test, const TestRule::Expectation& expected);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_ELEMENT_TESTS_H_
