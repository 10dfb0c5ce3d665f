// Checks that copies are equal, bit for bit.
#ifndef RULE_RUNNER_RUN_KERNEL_COMPARE_H_
#define RULE_RUNNER_RUN_KERNEL_COMPARE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "plan/graph.h"

namespace rr {

struct Difference {
  int64_t src = 0;  // units from the start of the source buffer
  int64_t dst = 0;
  uint64_t src_bits = 0;  // after the value op
  uint64_t dst_bits = 0;
};

// The first difference between a box of `src`, changed by `op` if there is one, and its place in
// `dst`; `src_unit` and `dst_unit` are bytes. The order of the elements depends on the box alone.
std::optional<Difference> CompareBox(const StridedCopy& copy, const ValueOp* op, uint32_t src_unit,
                                     const std::byte* src, uint32_t dst_unit, const std::byte* dst);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_KERNEL_COMPARE_H_
