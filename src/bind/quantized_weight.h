// A weight that a checkpoint stores as codes and scales.
#ifndef RULE_RUNNER_BIND_QUANTIZED_WEIGHT_H_
#define RULE_RUNNER_BIND_QUANTIZED_WEIGHT_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/dtype.h"
#include "syntax/quant_format.h"

namespace rr {

using QuantFormatPtr = std::shared_ptr<const QuantFormat>;

// Indices are those of KeyTable::keys. The weight has the index of its codes; the others are its
// parts. Shapes and dtypes are empty where a key list lacks them.
struct QuantizedWeight {
  QuantFormatPtr format;
  uint32_t codes = 0;
  uint32_t scales = 0;
  std::optional<uint32_t> shape;
  std::vector<std::pair<size_t, uint32_t>> others;  // which of the format's, key
  std::array<int64_t, 2> block{};  // along the last two dimensions of `elements`; 0: all
  std::vector<int64_t> elements;   // the shape of the elements as the codes are stored
  std::vector<int64_t> code_shape;
  std::optional<Dtype> code_dtype;
};

// How many scales there are along each dimension of `elements`.
std::vector<int64_t> ScaleGrid(const std::vector<int64_t>& elements,
                               const std::array<int64_t, 2>& block);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_QUANTIZED_WEIGHT_H_
