// `extends`, `like` of blocks and `replace`: several files become one tree.
//
// Maps merge key by key and the later file wins; lists and `place` are replaced; null removes. With
// a layout go the tables and targets that the other files have for it. A block may say `replace:
// [layout]` to start that layout's table afresh. Places keep pointing into the file each part was
// written in.
#ifndef RULE_RUNNER_SYNTAX_MERGE_H_
#define RULE_RUNNER_SYNTAX_MERGE_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "syntax/yaml_tree.h"

namespace rr {

// Finds the text of another rule file by its family name: nullptr when there is none.
using FindRuleText = std::function<SourcePtr(const std::string& family)>;

struct MergedRules {
  YamlNode tree;
  std::vector<SourcePtr> sources;    // the file itself first
  std::vector<YamlNode> base_tests;  // items of `tests` of the others, which the tree does not have
};

// nullopt when the file, or one that it extends, cannot be read at all.
std::optional<MergedRules> ReadAndMerge(SourcePtr source, const FindRuleText& find,
                                        Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_MERGE_H_
