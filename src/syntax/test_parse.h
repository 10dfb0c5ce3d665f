// One item of `tests:`.
#ifndef RULE_RUNNER_SYNTAX_TEST_PARSE_H_
#define RULE_RUNNER_SYNTAX_TEST_PARSE_H_

#include <optional>

#include "base/diagnostic.h"
#include "syntax/rule_file.h"
#include "syntax/yaml_tree.h"

namespace rr {

// {sizes: {L: 2, ...}, config: {attribute: JSON}, element: "block.tensor[i, j]", LAYOUT: [key, i,
// j] or `nowhere`, ...}. An expectation without a key: the layout does not store the element.
std::optional<TestRule> ParseTest(const YamlNode& node, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_TEST_PARSE_H_
