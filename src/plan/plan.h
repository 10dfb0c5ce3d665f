// The copy plan: what an engine does, as plain data.
//
// Enters: a `Graph`. Leaves: independent steps. A step fills one region of one destination tensor
// from regions of source tensors, within a memory budget; any order and any number of threads give
// the same bytes. All figures are in units of the tensor (`PlanTensor::unit` bytes), so that an
// engine never needs to know a dtype unless a value changes.
#ifndef RULE_RUNNER_PLAN_PLAN_H_
#define RULE_RUNNER_PLAN_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "plan/graph.h"

namespace rr {

// Runs of `run` contiguous units that repeat: run r starts at start + sum(i_d * outer[d].stride),
// slowest first. A buffer that holds a region holds its runs one after the other.
struct RunDim {
  int64_t n = 1;
  int64_t stride = 0;
};
struct Region {
  int64_t start = 0;
  std::vector<RunDim> outer;
  int64_t run = 0;

  int64_t RunCount() const {
    int64_t n = 1;
    for (const RunDim& dim : outer) n *= dim.n;
    return n;
  }
  int64_t Count() const { return RunCount() * run; }  // units
};

// One read and what is done with it: `copy` goes from the buffer of `region` to the buffer of the
// step's destination region.
struct StepRead {
  uint32_t source = 0;
  Region region;
  std::vector<StridedCopy> copies;
  int32_t value_op = -1;
  EdgeKind kind = EdgeKind::kCopy;
};

struct Step {
  uint32_t destination = 0;
  Region region;                // written when all reads are done
  bool zero_fill = false;       // some units of the region come from no read
  std::vector<StepRead> reads;  // compares come after the copies that they compare with
};

struct PlanTensor {
  std::string key;
  uint32_t unit = 1;  // bytes per unit: 1, 2, 4 or 8
  int64_t count = 0;  // units
};

struct Plan {
  std::vector<PlanTensor> sources;
  std::vector<PlanTensor> destinations;
  std::vector<ValueOp> value_ops;
  std::vector<Product> products;  // in elements: the tensors have whole bytes
  std::vector<Step> steps;
  uint64_t largest_read = 0;   // bytes of the largest read buffer
  uint64_t largest_write = 0;  // bytes of the largest destination buffer
  uint64_t bytes_read = 0;     // sum over all steps
  uint64_t bytes_written = 0;
};

struct PlanOptions {
  uint64_t buffer_bytes = 8 << 20;  // for the reads and for the destination of a step, each
  std::vector<std::string> disabled_passes;  // names of passes that are left out
};

// The passes, in the order they run: fuse, coalesce, order, chunk. `chunk` cannot be left out.
const std::vector<std::string>& PassNames();
// The graph after the passes that come before `chunk` and are not disabled: for `explain --stage
// graph`.
Graph OptimizeGraph(Graph graph, const PlanOptions& options);
// Errors (diagnostics): RR509 for 4- and 6-bit elements that would move in runs that are no whole
// bytes.
Plan MakePlan(const Graph& graph, const PlanOptions& options, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_PLAN_H_
