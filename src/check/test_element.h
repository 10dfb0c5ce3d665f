// The element of a test: "experts.up[1, 3, 7, 5]".
#ifndef RULE_RUNNER_CHECK_TEST_ELEMENT_H_
#define RULE_RUNNER_CHECK_TEST_ELEMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rr {

struct TestElement {
  std::string tensor;  // with its block
  std::vector<int64_t> indices;
};

// nullopt when the text has another form.
std::optional<TestElement> ParseTestElement(std::string_view text);

}  // namespace rr

#endif  // RULE_RUNNER_CHECK_TEST_ELEMENT_H_
