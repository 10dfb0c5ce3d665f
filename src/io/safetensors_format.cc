#include "io/safetensors_format.h"

#include <limits>

namespace rr {

SizeProblem TensorBytes(Dtype dtype, std::span<const int64_t> shape, uint64_t* bytes) {
  uint64_t bits = static_cast<uint64_t>(BitsOf(dtype));
  bool empty = false;
  for (const int64_t dim : shape) {
    if (dim < 0) return SizeProblem::kOverflow;
    empty = empty || dim == 0;
    if (dim != 0 && __builtin_mul_overflow(bits, static_cast<uint64_t>(dim), &bits))
      return SizeProblem::kOverflow;
  }
  if (bits > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
    return SizeProblem::kOverflow;
  if (empty) bits = 0;
  if (bits % 8 != 0) return SizeProblem::kPartOfAByte;
  *bytes = bits / 8;
  return SizeProblem::kNone;
}

}  // namespace rr
