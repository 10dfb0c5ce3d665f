// The attributes of real config.json files: `attributes/*.yaml` in the folders of rules, a map from
// model_type to a list of names. A dot leads into a map (`rope_scaling.factor`).
#ifndef RULE_RUNNER_LINT_CONFIG_ATTRIBUTES_H_
#define RULE_RUNNER_LINT_CONFIG_ATTRIBUTES_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "io/files.h"
#include "syntax/yaml_tree.h"

namespace rr {

class ConfigAttributes {
 public:
  // A file that is no such table is a finding (RR001, RR002, RR004).
  static ConfigAttributes Read(const Files& files, const std::vector<std::string>& directories,
                               Diagnostics* diagnostics);

  // One such table.
  void Add(const YamlNode& tree, Diagnostics* diagnostics);

  bool empty() const { return by_type_.empty(); }
  std::vector<std::string> Types() const;
  bool HasType(const std::string& model_type) const { return by_type_.count(model_type) > 0; }
  // Whether any model has it, under its whole name or within a map such as text_config.
  bool Has(const std::string& attribute) const { return all_.count(attribute) > 0; }
  std::vector<std::string> All() const { return {all_.begin(), all_.end()}; }

 private:
  std::map<std::string, std::vector<std::string>> by_type_;
  std::set<std::string> all_;  // whole names, and their ends behind each dot
};

}  // namespace rr

#endif  // RULE_RUNNER_LINT_CONFIG_ATTRIBUTES_H_
