// How the source units of a box are read: which bytes, in how many runs, in how many goes.
//
// Enters: a box whose destination is already a place in the step's destination buffer. Leaves:
// `StepRead`s that each fit the read buffer. Reads of a step are done one after another, so a box
// that is too large is read in parts.
#ifndef RULE_RUNNER_PLAN_READS_H_
#define RULE_RUNNER_PLAN_READS_H_

#include <cstdint>
#include <vector>

#include "plan/plan.h"

namespace rr {

// Costs in bytes moved at full speed. Within one read the choice is between reading a gap and
// starting a run behind it; both touch the same neighbourhood of a file, so the system's read-ahead
// helps. Comparing whole plans, a run may be a seek.
inline constexpr int64_t kGapCost = 4 << 10;
inline constexpr int64_t kReadRunCost = 32 << 10;
inline constexpr int64_t kWriteRunCost = 8 << 10;
// A byte read counts more than a byte written: it may come from a disk, and reading what nobody
// needs is pure loss.
inline constexpr int64_t kReadByteCost = 2;

struct ReadLimits {
  int64_t unit = 1;    // bytes of a source unit
  int64_t budget = 1;  // source units that the read buffer holds; at least 1
};

// Appends the reads of `box`, which carry `source`, `value_op` and `kind` of `like`.
void AppendReads(const StridedCopy& box, const ReadLimits& limits, const StepRead& like,
                 std::vector<StepRead>* reads);

// Joins reads that the step can do at once: equal regions, and contiguous regions that overlap or
// touch.
void MergeReads(const std::vector<PlanTensor>& sources, uint64_t buffer_bytes,
                std::vector<StepRead>* reads);

// What a step costs, in bytes moved at full speed.
double CostOf(const Step& step, const std::vector<PlanTensor>& sources, int64_t destination_unit);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_READS_H_
