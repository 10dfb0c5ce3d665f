// The walked axes of one key template, and the values of each, grouped by what stands in the key.
//
// An axis is walked through one value at a time when it stands in the key (as itself or by a
// factor), when its index decides whether the block exists, or when its refinement is a sum. Each
// group is one stored tensor; what stands in the shape is the rank of the value within the group,
// and the ranks must form a product.
#ifndef RULE_RUNNER_BIND_WALK_H_
#define RULE_RUNNER_BIND_WALK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "bind/model.h"
#include "check/checked_rules.h"

namespace rr {

// One value of a walked axis, as digits of its atoms.
struct WalkedValue {
  int64_t value = 0;
  std::vector<int64_t> digits;  // one per atom of the use
};

// The values that share what stands in the key.
struct Group {
  std::vector<std::pair<std::string, int64_t>> captured;  // atom -> digit
  std::vector<WalkedValue> values;
  std::map<std::string, std::vector<int64_t>>
      ranks;  // atom in the shape -> its digits in rank order
};

// Leaves of one key may use an axis by different alternatives of its refinement: each has its own
// walk.
struct Walk {
  std::string axis;
  AxisUse use;
  std::vector<Group> groups;
};

// The walks of an entry, in the order of the axes of its tensors. nullopt after RR404 (an axis has
// no size), RR405 (a refinement is not as long as its axis, or there are more than `most_tensors`
// values) or RR407 (not a product).
std::optional<std::vector<Walk>> FindWalks(const Model& model, const CheckedLayout& layout,
                                           const CheckedEntry& entry, int64_t most_tensors,
                                           Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_WALK_H_
