// The four float formats, element by element: bits to float or double, and back with one rounding.
#ifndef RULE_RUNNER_RUN_FLOAT_BITS_H_
#define RULE_RUNNER_RUN_FLOAT_BITS_H_

#include <bit>
#include <cstdint>

namespace rr {

inline float FloatFromBf16(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

inline float FloatFromF16(uint16_t bits) {
  const uint32_t magnitude = static_cast<uint32_t>(bits & 0x7fff) << 13;
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  // The exponent is off by 127 - 15; a multiplication mends that for subnormals too.
  const uint32_t scaled = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f);
  const uint32_t finite_or_not = (bits & 0x7c00) == 0x7c00 ? magnitude | 0x7f800000 : scaled;
  return std::bit_cast<float>(finite_or_not | sign);
}

// Rounds to a format of 1 + kExponent + kMantissa = 16 bits.
template <int kExponent, int kMantissa>
inline uint16_t Round16(double value) {
  constexpr int kBias = (1 << (kExponent - 1)) - 1;
  constexpr uint32_t kInfinity = ((1u << kExponent) - 1) << kMantissa;
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  const uint32_t sign = static_cast<uint32_t>(bits >> 63) << 15;
  const int field = static_cast<int>(bits >> 52 & 0x7ff);
  const uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
  if (field == 0x7ff) {
    if (mantissa == 0) return static_cast<uint16_t>(sign | kInfinity);
    const uint32_t payload = static_cast<uint32_t>(mantissa >> (52 - kMantissa));
    return static_cast<uint16_t>(sign | kInfinity | 1u << (kMantissa - 1) | payload);
  }
  const int exponent = field - 1023 + kBias;  // as the target's field, if it is at least 1
  if (exponent >= (1 << kExponent) - 1) return static_cast<uint16_t>(sign | kInfinity);
  const int below = exponent >= 1 ? 0 : 1 - exponent;  // places that a subnormal loses
  const int shift = 52 - kMantissa + below;
  if (field == 0 || shift > 54) return static_cast<uint16_t>(sign);  // below half of the smallest
  const uint64_t significand = mantissa | uint64_t{1} << 52;
  uint64_t rounded = significand >> shift;
  const uint64_t rest = significand & ((uint64_t{1} << shift) - 1);
  const uint64_t half = uint64_t{1} << (shift - 1);
  if (rest > half || (rest == half && (rounded & 1) != 0)) ++rounded;
  // The leading one of `rounded` adds 1 to the exponent field, and so does a carry out of the
  // mantissa, up to infinity.
  const uint64_t base = exponent >= 1 ? static_cast<uint64_t>(exponent - 1) << kMantissa : 0;
  return static_cast<uint16_t>(sign | (base + rounded));
}

inline uint16_t F16FromDouble(double value) { return Round16<5, 10>(value); }
inline uint16_t Bf16FromDouble(double value) { return Round16<8, 7>(value); }

// As Bf16FromDouble, without branches.
inline uint16_t Bf16FromFloat(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  const uint32_t quiet = bits >> 16 | 0x40;
  return static_cast<uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
}

// As F16FromDouble, without branches.
inline uint16_t F16FromFloat(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t magnitude = bits & 0x7fffffff;
  const uint32_t sign = bits >> 16 & 0x8000;
  // Normal numbers: the exponent moves by 127 - 15, and half a place is added before the cut;
  // infinity comes out by itself.
  const uint32_t normal = (magnitude - (112u << 23) + 0xfff + (magnitude >> 13 & 1)) >> 13;
  // One half has the smallest F16 subnormal as its last place: adding it rounds there.
  const uint32_t subnormal = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) -
                             std::bit_cast<uint32_t>(0.5f);
  const uint32_t nan = 0x7e00 | (magnitude >> 13 & 0x3ff);
  const uint32_t finite = magnitude < 0x38800000 ? subnormal : normal;
  const uint32_t large = magnitude > 0x7f800000 ? nan : 0x7c00;
  return static_cast<uint16_t>(sign | (magnitude >= 0x47800000 ? large : finite));
}

inline uint32_t QuietF32(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  return (bits & 0x7fffffff) > 0x7f800000 ? bits | 0x00400000 : bits;
}

inline uint64_t QuietF64(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  return (bits & ~(uint64_t{1} << 63)) > uint64_t{0x7ff} << 52 ? bits | uint64_t{1} << 51 : bits;
}

}  // namespace rr

#endif  // RULE_RUNNER_RUN_FLOAT_BITS_H_
