// The product of a low-rank update.
#ifndef RULE_RUNNER_RUN_KERNEL_PRODUCT_H_
#define RULE_RUNNER_RUN_KERNEL_PRODUCT_H_

#include <cstdint>

namespace rr {

// delta[m, n] += scale * (rows[m, rank] * columns[rank, n]); all row-major, the rows of `columns`
// are `stride` elements apart, those of the others follow each other.
//
// An element is summed over the rank from first to last by fused multiply-adds, which round once
// per term, and multiplied by `scale` at the end. It is what the kernels of torch's BLAS do for
// ranks this small, so that merges are PEFT's to the last bit. BLAS promises no order and chooses
// one by the processor, so that with it a merge would give other bytes on another machine.
void AddProduct(int64_t m, int64_t n, int64_t rank, double scale, const float* rows,
                const float* columns, int64_t stride, float* delta);
void AddProduct(int64_t m, int64_t n, int64_t rank, double scale, const double* rows,
                const double* columns, int64_t stride, double* delta);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_KERNEL_PRODUCT_H_
