// Stored tensors that hold the same leaves at the same places, so that a loop over the captures of
// their key says what each of them holds.
#ifndef RULE_RUNNER_RUN_STORED_GROUPS_H_
#define RULE_RUNNER_RUN_STORED_GROUPS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "bind/bound_layout.h"
#include "run/code_view.h"

namespace rr {

// The pieces of one leaf that differ in the index of one axis only, each as far from the one before
// as from the one after; or a single piece (axis -1).
struct PieceRun {
  std::vector<uint32_t> pieces;  // indices into BoundLayout::pieces
  int axis = -1;                 // of the logical tensor
  MovingDim moving;              // without its variable
};

struct StoredGroup {
  int entry = 0;
  std::vector<uint32_t> stored;             // indices into BoundLayout::tensors
  std::vector<std::vector<PieceRun>> runs;  // per stored tensor; alike but for fixed indices
};

// All stored tensors of the layout, in its order.
std::vector<StoredGroup> GroupStored(const BoundLayout& bound);

// An integer as a formula of the captures, `values[i]` where they are `captures[i]`: a number, one
// of them, or start + step * one of them. Empty when it is none of these.
std::string AsFormula(const std::vector<int64_t>& values,
                      const std::vector<std::vector<int64_t>>& captures,
                      const std::vector<std::string>& names);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_STORED_GROUPS_H_
