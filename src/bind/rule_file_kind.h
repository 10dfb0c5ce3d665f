// What a file of rules is. The program finds the files of each kind in their place; a command that
// is given one by its path has to know which it is.
#ifndef RULE_RUNNER_BIND_RULE_FILE_KIND_H_
#define RULE_RUNNER_BIND_RULE_FILE_KIND_H_

#include <string>

#include "io/files.h"
#include "syntax/yaml_tree.h"

namespace rr {

enum class RuleFileKind {
  kFamily,
  kPart,        // in `common/`: what families extend, and no family of its own
  kStyles,      // adapter styles
  kFormats,     // quantisation formats
  kAttributes,  // the attributes of real configs
};

// By what only one kind has (`family`, `styles`, `formats`), else by the folder that it lies in.
// `root` is nullptr for a file that cannot be read.
RuleFileKind KindOfRuleFile(const YamlNode* root, const std::string& path);
RuleFileKind KindOfRuleFile(const Files& files, const std::string& path);

// The folder of rules that a file belongs to: that above `common/`, `adapters/`, `quantization/` or
// `attributes/` for what lies in its place there.
std::string RulesFolderOf(const Files& files, const std::string& path);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_RULE_FILE_KIND_H_
