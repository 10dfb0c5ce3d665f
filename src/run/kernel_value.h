// Changes values: casts between F64, F32, F16 and BF16, and the steps of a `ValueOp`.
//
// Rounding is to nearest, ties to even, everywhere; subnormals are kept. A NaN keeps its sign and
// the upper bits of its payload and becomes quiet; a NaN that a step makes of numbers is the
// positive quiet one.
#ifndef RULE_RUNNER_RUN_KERNEL_VALUE_H_
#define RULE_RUNNER_RUN_KERNEL_VALUE_H_

#include <cstddef>
#include <cstdint>

#include "plan/graph.h"

namespace rr {

// n values; strides are in elements of the own side.
void ConvertRow(const ValueOp& op, int64_t n, const std::byte* src, int64_t src_stride,
                std::byte* dst, int64_t dst_stride);
void ConvertBox(const ValueOp& op, const StridedCopy& copy, const std::byte* src, std::byte* dst);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_KERNEL_VALUE_H_
