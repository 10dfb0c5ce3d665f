// Tensors as numbers, and their bytes.
#ifndef RULE_RUNNER_TESTS_UNIT_TENSOR_VALUES_H_
#define RULE_RUNNER_TESTS_UNIT_TENSOR_VALUES_H_

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "base/dtype.h"

namespace rr {

struct Tensor {
  std::vector<int64_t> shape;
  std::vector<double> values;
  Dtype dtype = Dtype::kF32;
  bool operator==(const Tensor&) const = default;
};
using Tensors = std::map<std::string, Tensor>;

inline std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  return out << fmt::format("{} [{}] {{{}}}", NameOf(tensor.dtype), fmt::join(tensor.shape, ", "),
                            fmt::join(tensor.values, ", "));
}

// A tensor of two dimensions by its elements.
inline Tensor Matrix(int64_t rows, int64_t columns,
                     const std::function<double(int64_t, int64_t)>& element,
                     Dtype dtype = Dtype::kF32) {
  Tensor tensor{{rows, columns}, {}, dtype};
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) tensor.values.push_back(element(r, c));
  }
  return tensor;
}

// To the nearest bfloat16, ties to even, as its bits.
inline uint16_t Bf16BitsOf(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
inline double Bf16(double x) {
  return std::bit_cast<float>(static_cast<uint32_t>(Bf16BitsOf(static_cast<float>(x))) << 16);
}

inline std::vector<std::byte> BytesOf(const Tensor& tensor) {
  std::vector<std::byte> bytes;
  auto add = [&](auto x) {
    const size_t at = bytes.size();
    bytes.resize(at + sizeof(x));
    std::memcpy(bytes.data() + at, &x, sizeof(x));
  };
  for (const double x : tensor.values) {
    if (tensor.dtype == Dtype::kF64) {
      add(x);
    } else if (tensor.dtype == Dtype::kF32) {
      add(static_cast<float>(x));
    } else if (tensor.dtype == Dtype::kBF16) {
      add(Bf16BitsOf(static_cast<float>(x)));
    } else {
      REQUIRE(tensor.dtype == Dtype::kI8);
      add(static_cast<int8_t>(x));
    }
  }
  return bytes;
}

inline Tensor TensorOf(const std::vector<int64_t>& shape, Dtype dtype, const std::byte* bytes) {
  Tensor tensor{shape, {}, dtype};
  int64_t count = 1;
  for (const int64_t n : shape) count *= n;
  auto take = [&]<class T>(T x) {
    std::memcpy(&x, bytes, sizeof(x));
    bytes += sizeof(x);
    return x;
  };
  for (int64_t i = 0; i < count; ++i) {
    if (dtype == Dtype::kF64) {
      tensor.values.push_back(take(double{}));
    } else if (dtype == Dtype::kF32) {
      tensor.values.push_back(take(float{}));
    } else if (dtype == Dtype::kBF16) {
      tensor.values.push_back(std::bit_cast<float>(static_cast<uint32_t>(take(uint16_t{})) << 16));
    } else {
      REQUIRE(dtype == Dtype::kI8);
      tensor.values.push_back(take(int8_t{}));
    }
  }
  return tensor;
}

}  // namespace rr

#endif  // RULE_RUNNER_TESTS_UNIT_TENSOR_VALUES_H_
