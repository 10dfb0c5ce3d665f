// The index that conditions and sizes depend on: the layer of `L not in (mlp_only_layers ?? [])`.
//
// In a formula of `kinds` or `where` an axis of tensors is its index, every other axis is a size. A
// kind, and so a block, depends on one index at most: with two it would not be clear which of them
// a formula is asked at.
#ifndef RULE_RUNNER_CHECK_INDEX_AXES_H_
#define RULE_RUNNER_CHECK_INDEX_AXES_H_

#include <map>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "syntax/rule_file.h"

namespace rr {

struct IndexAxes {
  std::map<std::string, std::string> of_kind;  // every kind; "" when it depends on no index
  std::vector<std::string> of_block;           // per block; "" likewise
};

// RR307 for a kind or a block that depends on two indices; the first of them stays in the result.
// RR302 for a tensor with a size that differs with an index which it does not have.
IndexAxes FindIndexAxes(const RuleFile& file, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_CHECK_INDEX_AXES_H_
