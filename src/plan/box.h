// Geometry of strided boxes: what the passes and the chunker know about a `StridedCopy` besides its
// fields.
//
// Enters: boxes. Leaves: their normal form, the intervals they touch, and the parts of them that
// fall into an interval of the destination. All strides are >= 0; a destination stride of 0 occurs
// in compares only.
#ifndef RULE_RUNNER_PLAN_BOX_H_
#define RULE_RUNNER_PLAN_BOX_H_

#include <cstdint>
#include <vector>

#include "plan/graph.h"
#include "plan/plan.h"

namespace rr {

// A half-open interval of positions.
struct Interval {
  int64_t lo = 0;
  int64_t hi = 0;
  int64_t size() const { return hi - lo; }
};

// From the first to the last position that a box touches; empty for an empty box.
Interval SourceInterval(const StridedCopy& copy);
Interval DestinationInterval(const StridedCopy& copy);

// Drops dims of size 1 and sorts the rest by destination stride, largest first. An empty box keeps
// one dim of size 0.
void SortDims(StridedCopy* copy);
// SortDims, and merges neighbours that nest on both sides: the fewest dims that say the same.
void FuseDims(StridedCopy* copy);

// Appends the parts of `copy` whose destination lies in `within`. The dims must be sorted. A box
// whose dims nest in the destination gives at most 2 * rank - 1 parts.
void ClipDestination(const StridedCopy& copy, Interval within, std::vector<StridedCopy>* parts);

// Where the units of a region lie in the buffer that holds its runs one after the other.
struct PackedRegion {
  Region region;
  std::vector<int64_t> strides;  // in the buffer, one per dim given
};
// The region of a box with one side's extents and strides, slowest first: dims[0..outer) repeat
// runs, the others lie within one run that covers them and what is between them.
PackedRegion PackBox(int64_t start, const std::vector<RunDim>& dims, size_t outer);
// The number of leading dims that must repeat runs if a run may hold nothing but the box's own
// units.
size_t DenseOuter(const std::vector<RunDim>& dims);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_BOX_H_
