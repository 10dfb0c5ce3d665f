// INT4: a whole number from 0 to 15, of which a zero point is taken off. compressed-tensors
// (pack_quantized) stores symmetric weights with 8.
#ifndef RULE_RUNNER_CODEC_INT4_H_
#define RULE_RUNNER_CODEC_INT4_H_

#include <cstdint>

namespace rr {

// Exact. `code` is below 16.
inline float FloatFromInt4(uint8_t code, int zero) { return static_cast<float>(code - zero); }

}  // namespace rr

#endif  // RULE_RUNNER_CODEC_INT4_H_
