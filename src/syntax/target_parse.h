// `targets:` of a rule file: which layouts a system speaks, by version.
#ifndef RULE_RUNNER_SYNTAX_TARGET_PARSE_H_
#define RULE_RUNNER_SYNTAX_TARGET_PARSE_H_

#include "base/diagnostic.h"
#include "syntax/rule_file.h"
#include "syntax/yaml_tree.h"

namespace rr {

// {weights, adapters, ...}, or a layout's name for both.
TargetCase ParseTargetCase(const YamlNode& node, Diagnostics* diagnostics);
// One system: a layout, {weights, adapters, ...}, or either by range of versions.
TargetRule ParseTarget(const YamlMember& member, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_TARGET_PARSE_H_
