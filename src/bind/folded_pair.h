// A factor pair of experts that are folded into the rank, as PEFT wraps a parameter.
#ifndef RULE_RUNNER_BIND_FOLDED_PAIR_H_
#define RULE_RUNNER_BIND_FOLDED_PAIR_H_

#include <optional>
#include <string>

#include "bind/bind_source.h"

namespace rr {

struct FoldedPair {
  const BoundTensor* a = nullptr;
  const BoundTensor* b = nullptr;
  std::string parameter;  // "experts.gate_up_proj"
  bool inner = false;     // its keys have `base_layer`
};

// The first pair whose dimensions hold experts x rank, of the inner or of the outer wrapper.
std::optional<FoldedPair> FindFoldedPair(const BoundSource& source, bool inner);
// Sizes and what they are: "[2048, 1536] = [E*R, 2*I]".
std::string SizesOf(const BoundSource& source, const BoundTensor& tensor);
// What the dimension that is not folded is: "2*I = 1536".
std::string FreeDimOf(const BoundSource& source, const BoundTensor& tensor);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_FOLDED_PAIR_H_
