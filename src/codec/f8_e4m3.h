// FP8 E4M3 as in OCP's "8-bit floating point specification" (the variant without infinities,
// torch's float8_e4m3fn): a sign, four bits of exponent with bias 7, three of mantissa. Exponent 0
// is for subnormals, in units of 2^-9. Both codes with all bits of exponent and mantissa set are
// NaN; the largest number is 448.
#ifndef RULE_RUNNER_CODEC_F8_E4M3_H_
#define RULE_RUNNER_CODEC_F8_E4M3_H_

#include <bit>
#include <cstdint>

namespace rr {

// Exact. A NaN keeps its sign and is quiet.
inline float FloatFromF8E4M3(uint8_t code) {
  const uint32_t sign = static_cast<uint32_t>(code & 0x80) << 24;
  const uint32_t magnitude = code & 0x7fu;
  if (magnitude == 0x7f) return std::bit_cast<float>(sign | 0x7fc00000u);
  // As a float the exponent is off by 127 - 7; a multiplication mends that for subnormals too.
  const float scaled = std::bit_cast<float>(magnitude << 20) * 0x1p120f;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(scaled) | sign);
}

}  // namespace rr

#endif  // RULE_RUNNER_CODEC_F8_E4M3_H_
