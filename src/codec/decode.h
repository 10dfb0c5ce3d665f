// Runs of coded elements as floats.
//
// Codes of four bits lie two in a byte. Words of more bytes that hold codes from their low bits up
// (I32 with eight) are, in the little-endian order of safetensors, the same bytes.
#ifndef RULE_RUNNER_CODEC_DECODE_H_
#define RULE_RUNNER_CODEC_DECODE_H_

#include <cstddef>
#include <cstdint>

namespace rr {

struct ElementCode {
  enum class Kind : uint8_t { kF8E4M3, kE2M1, kInt4 };
  Kind kind = Kind::kF8E4M3;
  bool high_first = false;  // of two codes in a byte the first has the high bits
  int zero = 8;             // kInt4: what is taken off

  int Bits() const { return kind == Kind::kF8E4M3 ? 8 : 4; }
};

// Elements first .. first + n of the run that begins at `codes`. Exact.
void DecodeElements(const ElementCode& code, const std::byte* codes, int64_t first, int64_t n,
                    float* values);

}  // namespace rr

#endif  // RULE_RUNNER_CODEC_DECODE_H_
