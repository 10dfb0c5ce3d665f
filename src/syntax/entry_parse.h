// The tables of a block: key templates and what they hold.
#ifndef RULE_RUNNER_SYNTAX_ENTRY_PARSE_H_
#define RULE_RUNNER_SYNTAX_ENTRY_PARSE_H_

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "syntax/rule_file.h"
#include "syntax/yaml_tree.h"

namespace rr {

// One layout's table of a block. `tensors` are the block's tensor names: an expression that names
// no tensor belongs to `of`, or to the only tensor.
TableRule ParseTable(const SpannedText& layout, const YamlNode& node,
                     const std::vector<std::string>& tensors, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_ENTRY_PARSE_H_
