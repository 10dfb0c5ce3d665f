// A .safetensors file of tensors in memory.
#ifndef RULE_RUNNER_TESTS_GOLDEN_TENSOR_FILE_H_
#define RULE_RUNNER_TESTS_GOLDEN_TENSOR_FILE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "golden_case.h"

namespace rr::golden {

inline std::string FileOf(const Tensors& tensors) {
  Value::Map header;
  std::string body;
  for (const auto& [key, tensor] : tensors) {
    const auto start = static_cast<int64_t>(body.size());
    body.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    Value::List shape;
    for (const int64_t n : tensor.shape) shape.emplace_back(n);
    header.push_back(
        {key, Value::Map{{"dtype", std::string(NameOf(tensor.dtype))},
                         {"shape", std::move(shape)},
                         {"data_offsets", Value::List{start, static_cast<int64_t>(body.size())}}}});
  }
  const std::string text = ToJson(Value(std::move(header)));
  const uint64_t size = text.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + text + body;
}

}  // namespace rr::golden

#endif  // RULE_RUNNER_TESTS_GOLDEN_TENSOR_FILE_H_
