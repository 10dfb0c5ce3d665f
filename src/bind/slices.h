// An adapter cut into slices: the factors of one linear tensor of the model at one index of its
// batch axes (layer, expert), wherever a layout stores them.
//
// Slices are what all layouts of adapters have in common: a conversion takes them from one layout's
// stored tensors and puts them into another's.
#ifndef RULE_RUNNER_BIND_SLICES_H_
#define RULE_RUNNER_BIND_SLICES_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bind/bound_layout.h"
#include "check/checked_rules.h"

namespace rr {

struct SliceKey {
  int weight = 0;              // index into CheckedRules::tensors: the linear tensor
  std::vector<int64_t> batch;  // an index per batch axis
  auto operator<=>(const SliceKey&) const = default;
};

// Where the factors of one slice lie: indices of pieces.
struct SlicePieces {
  std::vector<uint32_t> a, b, magnitude, bias;
  std::vector<uint32_t>& Of(Factor factor);
  const std::vector<uint32_t>& Of(Factor factor) const;
};

struct SlicedLayout {
  BoundLayout bound;  // every piece of a factor at one index of each batch axis
  std::map<SliceKey, SlicePieces> slices;
};

SlicedLayout CutIntoSlices(const BoundLayout& bound, const CheckedRules& rules);

// The tensor that a factor belongs to, by index.
int WeightOf(const CheckedRules& rules, int factor);
// Where the rank stands among the axes of a factor A or B.
size_t RankAxisOf(const LogicalTensor& factor);
// "experts.up at layer 1, expert 3"
std::string SliceName(const CheckedRules& rules, const SliceKey& slice);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_SLICES_H_
