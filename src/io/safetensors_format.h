// Sizes and limits of the safetensors format that reading and writing share.
#ifndef RULE_RUNNER_IO_SAFETENSORS_FORMAT_H_
#define RULE_RUNNER_IO_SAFETENSORS_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/dtype.h"

namespace rr {

inline constexpr uint64_t kLengthBytes = 8;               // the little-endian length of the header
inline constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // as the reference reader
inline constexpr size_t kMaxRank = 64;            // torch's limit; no real tensor comes near
inline constexpr uint64_t kDataAlignment = 4096;  // where we start the data: what O_DIRECT asks for
inline constexpr std::string_view kMetadataName = "__metadata__";

enum class SizeProblem { kNone, kOverflow, kPartOfAByte };

// The bytes of a tensor. Overflow is judged without regard to zeros and to the order of the dims
// ([2^62, 2^62, 0] is refused as [0, 2^62, 2^62] is), because strides are products of the others.
SizeProblem TensorBytes(Dtype dtype, std::span<const int64_t> shape, uint64_t* bytes);

}  // namespace rr

#endif  // RULE_RUNNER_IO_SAFETENSORS_FORMAT_H_
