// Files of rules that are no families: what can be said of their form, each by itself. What styles
// and parts mean shows in the families that use them.
#ifndef RULE_RUNNER_LINT_OTHER_FILES_H_
#define RULE_RUNNER_LINT_OTHER_FILES_H_

#include "base/diagnostic.h"
#include "bind/rule_file_kind.h"
#include "syntax/yaml_tree.h"

namespace rr {

// `kind` is none of a family.
void LintForm(const YamlNode& tree, RuleFileKind kind, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_LINT_OTHER_FILES_H_
