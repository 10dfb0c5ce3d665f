// The element types of safetensors 0.8 (safetensors/src/tensor.rs `Dtype`), by name and size in
// bits.
#ifndef RULE_RUNNER_BASE_DTYPE_H_
#define RULE_RUNNER_BASE_DTYPE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace rr {

enum class Dtype : uint8_t {
  kBool,
  kF4,
  kF6E2M3,
  kF6E3M2,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kF8E8M0,
  kF8E4M3FNUZ,
  kF8E5M2FNUZ,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kC64,
  kF64,
  kI64,
  kU64,
};

std::string_view NameOf(Dtype dtype);                    // "BF16"
std::optional<Dtype> ParseDtype(std::string_view name);  // exact spelling only
// The names of torch for the floating-point ones ("bfloat16"), as config.json has them.
std::optional<std::string_view> TorchNameOf(Dtype dtype);
std::optional<Dtype> ParseTorchName(std::string_view name);
int BitsOf(Dtype dtype);
// Whether rule-runner computes with it: F64, F32, F16, BF16.
bool IsFloat(Dtype dtype);
// Whether every value of `from` is a value of `to` (both IsFloat).
bool IsWidening(Dtype from, Dtype to);

}  // namespace rr

#endif  // RULE_RUNNER_BASE_DTYPE_H_
