#ifndef RULE_RUNNER_LINT_CONSTANTS_H_
#define RULE_RUNNER_LINT_CONSTANTS_H_

#include <map>
#include <string>

#include "syntax/rule_file.h"

namespace rr {

// The sizes of a family that do not depend on a config: `C: "2"`.
class Constants {
 public:
  explicit Constants(const RuleFile& file);

  Formula::Lookup Lookup() const;
  bool IsConstant(const Formula& formula) const;

 private:
  std::map<std::string, Value> values_;
};

}  // namespace rr

#endif  // RULE_RUNNER_LINT_CONSTANTS_H_
