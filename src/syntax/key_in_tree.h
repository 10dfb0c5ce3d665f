// Trees of keys (regex.h) with a number: one `{}` in the beginning is a whole number, [0-9]+ in the
// tree's regex.
#ifndef RULE_RUNNER_SYNTAX_KEY_IN_TREE_H_
#define RULE_RUNNER_SYNTAX_KEY_IN_TREE_H_

#include <optional>
#include <string>

#include "syntax/regex.h"

namespace rr {

bool HasNumber(const KeyTree& tree);
// The beginning with this number in it.
std::string BeginningWith(const KeyTree& tree, const std::string& number);

// What a key of a tree is beside it: the number, empty where the tree has none, and what follows
// the beginning. nullopt for a key that is not of the tree.
struct KeyInTree {
  std::string number, rest;
};
std::optional<KeyInTree> FindInTree(const KeyTree& tree, const std::string& key);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_KEY_IN_TREE_H_
