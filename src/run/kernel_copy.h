// Moves boxes of elements between two buffers.
//
// Enters: a `StridedCopy` in units and the buffers of both sides, at any alignment. Kernels are
// chosen by the form of the box (rows, a transpose, single elements), the size of a unit, and what
// the processor has.
#ifndef RULE_RUNNER_RUN_KERNEL_COPY_H_
#define RULE_RUNNER_RUN_KERNEL_COPY_H_

#include <cstddef>
#include <cstdint>

#include "plan/graph.h"

namespace rr {

// `unit` is 1, 2, 4 or 8 bytes. The buffers must not overlap.
void CopyBox(const StridedCopy& copy, uint32_t unit, const std::byte* src, std::byte* dst);

// Units of src at row j, column i go to row i, column j of dst. Rows are the strides apart, columns
// the steps.
struct TransposeShape {
  int64_t rows = 0;     // of src
  int64_t columns = 0;  // of src
  int64_t src_stride = 0;
  int64_t dst_stride = 0;
  int64_t src_step = 1;
  int64_t dst_step = 1;
};
void Transpose(const TransposeShape& shape, uint32_t unit, const std::byte* src, std::byte* dst);

// For tests: transposes without the processor's vector instructions.
void TransposePortable(const TransposeShape& shape, uint32_t unit, const std::byte* src,
                       std::byte* dst);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_KERNEL_COPY_H_
