// Which parts of which layouts the element tests of a family reach.
//
// A test reaches the leaves of its tensor in the key where it expects the element. Layouts that
// store the same elements in the same order under the same key share their tests, and a family has
// the tests of the files that it extends: what they say of a block holds for it as well.
#ifndef RULE_RUNNER_LINT_REACHED_PARTS_H_
#define RULE_RUNNER_LINT_REACHED_PARTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "check/checked_rules.h"

namespace rr {

class ReachedParts {
 public:
  // A test, and the element of the tensor that it follows.
  struct Reach {
    const TestRule* test;
    std::vector<int64_t> indices;
  };

  explicit ReachedParts(const CheckedRules& rules);
  // What reaches the tensor's leaves in an entry of the rules.
  const std::vector<Reach>& Of(const CheckedEntry& entry, int tensor) const;

 private:
  std::map<std::string, std::vector<Reach>> reached_;
};

}  // namespace rr

#endif  // RULE_RUNNER_LINT_REACHED_PARTS_H_
