// `lint --against`: what two versions of a rule set mean, compared.
//
// Decided on what is checked (leaves, keys, sizes and conditions in normal form) and not on the
// text: a renamed axis, kind or named string, a rewritten but equal expression or formula, a moved
// or split file is no change.
#ifndef RULE_RUNNER_LINT_AGAINST_H_
#define RULE_RUNNER_LINT_AGAINST_H_

#include <string>
#include <vector>

#include "bind/rule_library.h"

namespace rr {

struct RuleChange {
  enum class Kind {
    kFamily,    // a family or a layout is new or gone: one of `before` and `after` is empty
    kKey,       // the same elements under another key; a key that is new or gone
    kElements,  // other elements, or the same at other positions, under the same key
    kConfig,    // a size, a condition or a requirement asks something else of the config
    kTarget,    // a system's versions speak another layout
  };
  Kind kind;
  std::string family;
  std::string layout;  // empty: about the family
  std::string what;    // the key, the axis, the block, the system
  std::string before, after;
};
std::string_view WordOf(RuleChange::Kind kind);  // "family", "key", ...

struct RuleSetChanges {
  std::vector<RuleChange> changes;  // by family, layout, kind
  size_t families = 0;              // compared
};
// All families of both sets, or only those of `families`. Findings of either go to `diagnostics`; a
// family with errors is not compared.
RuleSetChanges CompareRuleSets(RuleLibrary* before, RuleLibrary* after,
                               const std::vector<std::string>& families, Diagnostics* diagnostics);

std::string RenderChanges(const RuleSetChanges& changes);
std::string RenderChangesJson(const RuleSetChanges& changes);

}  // namespace rr

#endif  // RULE_RUNNER_LINT_AGAINST_H_
