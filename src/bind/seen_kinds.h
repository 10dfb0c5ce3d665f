// Which kind each layer is of, where the config does not say: its keys show it.
#ifndef RULE_RUNNER_BIND_SEEN_KINDS_H_
#define RULE_RUNNER_BIND_SEEN_KINDS_H_

#include <string>
#include <vector>

#include "bind/key_table.h"
#include "bind/model.h"

namespace rr {

struct SeenKinds {
  struct One {
    size_t partition = 0;
    int64_t index = 0;  // 0 where the kind is the whole model's
    std::string kind;
  };
  std::vector<One> kinds;
  std::vector<std::string> notes;  // say the same
};

// Of the kinds of a partition that the config does not decide, at an index or for the whole model,
// the model is told the one whose blocks have all keys that were found there, and lack the fewest.
// Where several do as well nothing is told.
SeenKinds SeeKinds(const CheckedLayout& layout, const LayoutMatch& match, Model* model);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_SEEN_KINDS_H_
