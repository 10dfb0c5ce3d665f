// Does one step of a plan with the buffers of one thread.
#ifndef RULE_RUNNER_RUN_RUN_STEP_H_
#define RULE_RUNNER_RUN_RUN_STEP_H_

#include <cstdint>
#include <optional>

#include "io/tensor_io.h"
#include "plan/plan.h"
#include "run/mismatch.h"

namespace rr {

// Two copies of one destination element that differ.
struct Mismatch {
  ElementValue kept;
  ElementValue other;
  uint32_t destination = 0;
  int64_t element = 0;
};

// Fills and writes the step's region. The buffers hold plan.largest_read and plan.largest_write
// bytes. After a mismatch, which is the first in the order of the step's reads, nothing is written.
std::optional<Mismatch> RunStep(const Plan& plan, const Step& step, const TensorReader& reader,
                                TensorWriter& writer, std::byte* read_buffer,
                                std::byte* write_buffer);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_RUN_STEP_H_
