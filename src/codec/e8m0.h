// E8M0, the scales of the MX formats (OCP "Microscaling Formats" 1.0): eight bits of exponent with
// bias 127 and nothing else. The value is 2^(code - 127); 255 is NaN. There is no zero: code 0 is
// 2^-127.
#ifndef RULE_RUNNER_CODEC_E8M0_H_
#define RULE_RUNNER_CODEC_E8M0_H_

#include <bit>
#include <cstdint>

namespace rr {

// Exact; code 0 is a subnormal float. The NaN is the positive quiet one.
inline float FloatFromE8M0(uint8_t code) {
  if (code == 0xff) return std::bit_cast<float>(0x7fc00000u);
  return std::bit_cast<float>(code == 0 ? 0x00400000u : static_cast<uint32_t>(code) << 23);
}

}  // namespace rr

#endif  // RULE_RUNNER_CODEC_E8M0_H_
