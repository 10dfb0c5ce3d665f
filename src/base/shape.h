// How much a shape holds.
#ifndef RULE_RUNNER_BASE_SHAPE_H_
#define RULE_RUNNER_BASE_SHAPE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

#include "base/dtype.h"

namespace rr {

inline int64_t ElementCount(std::span<const int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

// Elements of less than a byte are packed; the last byte may be filled in part.
inline size_t ByteCount(std::span<const int64_t> shape, Dtype dtype) {
  return (static_cast<size_t>(ElementCount(shape)) * static_cast<size_t>(BitsOf(dtype)) + 7) / 8;
}

// How far apart neighbours along each dimension are, in elements of a contiguous tensor.
inline std::vector<int64_t> StridesOf(std::span<const int64_t> shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  return strides;
}

// The indices of an element, by its number in the row-major order.
inline std::vector<int64_t> PositionOf(int64_t element, std::span<const int64_t> shape) {
  std::vector<int64_t> position(shape.size());
  for (size_t d = shape.size(); d-- > 0;) {
    position[d] = element % shape[d];
    element /= shape[d];
  }
  return position;
}

}  // namespace rr

#endif  // RULE_RUNNER_BASE_SHAPE_H_
