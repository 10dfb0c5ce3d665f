// A box of elements as a box of what is stored for them: codes that hold several elements, scales
// that several share.
//
// Enters: a box over the elements of two tensors. Leaves: the same box over grids, in which a cell
// stands for a block of elements.
#ifndef RULE_RUNNER_PLAN_REGRID_H_
#define RULE_RUNNER_PLAN_REGRID_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "plan/graph.h"

namespace rr {

struct Gridding {
  std::vector<int64_t> shape;  // of the elements that the box is over
  std::vector<int64_t> block;  // elements of a cell along each dimension; the last may be shorter
  bool transposed = false;     // the grid is stored with the last two dimensions exchanged
};

// nullopt where a block does not move as a whole: it would be cut, or its cells would be of another
// size or along another dimension. The strides of `copy` are those of the shapes, slowest first,
// and each dimension of the box goes along one dimension of either shape.
std::optional<StridedCopy> Regrid(const StridedCopy& copy, const Gridding& source,
                                  const Gridding& destination);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_REGRID_H_
