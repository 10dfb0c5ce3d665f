// One item of `tests:`.
#ifndef RULE_RUNNER_SYNTAX_TEST_PARSE_H_
#define RULE_RUNNER_SYNTAX_TEST_PARSE_H_

#include <optional>

#include "base/diagnostic.h"
#include "syntax/rule_file.h"
#include "syntax/yaml_tree.h"

namespace rr {

// One of
//   {sizes: {L: 2, ...}, config: {attribute: JSON}, element: "block.tensor[i, j]", LAYOUT: place,
//    values: {LAYOUT: number or `nowhere` (NaN)}, counts: {LAYOUT: {tensors: n, elements: n} or
//    `refused`}, shapes: {LAYOUT: {key: shape}}, passed: {LAYOUT: key}}
//   {target: "system@version", weights: LAYOUT, ...}, with the fields of a target
//   {among: [STYLE, ...], is: STYLE, adapter_config: {attribute: JSON}}
//   {key: text, LAYOUT: what it is}
// A place is [key, i, j], a list of such places or `nowhere`; a shape [n, ...], [dtype, n, ...] or
// `absent`.
std::optional<TestRule> ParseTest(const YamlNode& node, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_TEST_PARSE_H_
