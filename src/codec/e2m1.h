// FP4 E2M1, the elements of MXFP4 (OCP "Microscaling Formats" 1.0): a sign, two bits of exponent
// with bias 1, one of mantissa. No NaN and no infinity; code 8 is -0.
#ifndef RULE_RUNNER_CODEC_E2M1_H_
#define RULE_RUNNER_CODEC_E2M1_H_

#include <cstdint>

namespace rr {

// Exact. `code` is below 16.
inline float FloatFromE2M1(uint8_t code) {
  static constexpr float kValues[16] = {0.0f,  0.5f,  1.0f,  1.5f,  2.0f,  3.0f,  4.0f,  6.0f,
                                        -0.0f, -0.5f, -1.0f, -1.5f, -2.0f, -3.0f, -4.0f, -6.0f};
  return kValues[code];
}

}  // namespace rr

#endif  // RULE_RUNNER_CODEC_E2M1_H_
