// Runs a plan: threads, a fixed memory budget, progress.
#ifndef RULE_RUNNER_RUN_EXECUTOR_H_
#define RULE_RUNNER_RUN_EXECUTOR_H_

#include <cstdint>

#include "base/diagnostic.h"
#include "io/tensor_io.h"
#include "plan/plan.h"

namespace rr {

// Called from one thread at a time, now and then and at the end.
class Progress {
 public:
  virtual ~Progress() = default;
  virtual void Update(uint64_t bytes_done, uint64_t bytes_total) = 0;
};

struct RunOptions {
  int jobs = 0;  // threads; 0: as many as there are processors, at most 16
  Progress* progress = nullptr;
};

struct RunStats {
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  uint64_t buffer_bytes = 0;  // allocated for the buffers of all threads
  double seconds = 0;
};

// Index i of `reader` is plan.sources[i], of `writer` plan.destinations[i]. RR504 with key and
// element where copies differ: the first in the order of the plan, whatever the number of threads;
// the destination is then incomplete and must not be published. OsError of the reader or the writer
// comes through.
RunStats Execute(const Plan& plan, const TensorReader& reader, TensorWriter& writer,
                 const RunOptions& options, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_EXECUTOR_H_
