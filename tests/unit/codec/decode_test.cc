// Every code against a formula that is written another way than the decoders.
#include "codec/decode.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "codec/e2m1.h"
#include "codec/e8m0.h"
#include "codec/f8_e4m3.h"
#include "codec/int4.h"

namespace rr {
namespace {

uint32_t BitsOf(float value) { return std::bit_cast<uint32_t>(value); }

// sign * mantissa * 2^(exponent - bias), with the leading one of normal numbers.
double Minifloat(int code, int exponent_bits, int mantissa_bits) {
  const int sign = code >> (exponent_bits + mantissa_bits);
  const int exponent = code >> mantissa_bits & ((1 << exponent_bits) - 1);
  const int mantissa = code & ((1 << mantissa_bits) - 1);
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const double fraction = static_cast<double>(mantissa) / (1 << mantissa_bits);
  const double magnitude = exponent == 0 ? fraction * std::pow(2.0, 1 - bias)
                                         : (1 + fraction) * std::pow(2.0, exponent - bias);
  return sign != 0 ? -magnitude : magnitude;
}

TEST_CASE("every code of FP8 E4M3") {
  for (int code = 0; code < 256; ++code) {
    CAPTURE(code);
    const float value = FloatFromF8E4M3(static_cast<uint8_t>(code));
    if (code == 0x7f || code == 0xff) {
      CHECK(BitsOf(value) == (code == 0x7f ? 0x7fc00000u : 0xffc00000u));
    } else {
      CHECK(BitsOf(value) == BitsOf(static_cast<float>(Minifloat(code, 4, 3))));
    }
  }
  CHECK(FloatFromF8E4M3(0x7e) == 448.0f);
  CHECK(FloatFromF8E4M3(0x01) == 0x1p-9f);
}

TEST_CASE("every code of E8M0") {
  for (int code = 0; code < 255; ++code) {
    CAPTURE(code);
    CHECK(FloatFromE8M0(static_cast<uint8_t>(code)) == std::ldexp(1.0f, code - 127));
  }
  CHECK(BitsOf(FloatFromE8M0(255)) == 0x7fc00000u);
}

TEST_CASE("every code of FP4 E2M1 and of INT4") {
  for (int code = 0; code < 16; ++code) {
    CAPTURE(code);
    CHECK(BitsOf(FloatFromE2M1(static_cast<uint8_t>(code))) ==
          BitsOf(static_cast<float>(Minifloat(code, 2, 1))));
    CHECK(FloatFromInt4(static_cast<uint8_t>(code), 8) == code - 8);
    CHECK(FloatFromInt4(static_cast<uint8_t>(code), 0) == code);
  }
}

TEST_CASE("runs begin at any element, with either half of a byte first") {
  std::vector<std::byte> codes;
  for (int i = 0; i < 256; ++i) codes.push_back(static_cast<std::byte>(i));
  for (const bool high_first : {false, true}) {
    for (const auto kind : {ElementCode::Kind::kE2M1, ElementCode::Kind::kInt4}) {
      const ElementCode code{kind, high_first, 8};
      for (const int64_t first : {0, 1, 7, 32}) {
        std::vector<float> values(static_cast<size_t>(512 - first));
        DecodeElements(code, codes.data(), first, 512 - first, values.data());
        for (int64_t i = 0; i < 512 - first; ++i) {
          const int64_t at = first + i;
          const int64_t nibble = (at % 2 == 0) == high_first ? at / 2 / 16 : at / 2 % 16;
          const auto half = static_cast<uint8_t>(nibble);
          CHECK(BitsOf(values[static_cast<size_t>(i)]) == BitsOf(kind == ElementCode::Kind::kE2M1
                                                                     ? FloatFromE2M1(half)
                                                                     : FloatFromInt4(half, 8)));
        }
      }
    }
  }
  std::vector<float> bytes(200);
  DecodeElements({}, codes.data(), 56, 200, bytes.data());
  for (size_t i = 0; i < bytes.size(); ++i)
    CHECK(BitsOf(bytes[i]) == BitsOf(FloatFromF8E4M3(static_cast<uint8_t>(56 + i))));
}

TEST_CASE("a word of eight codes has the first in its low bits") {
  const uint32_t word = 0x76543210u;
  std::vector<std::byte> codes(4);
  std::memcpy(codes.data(), &word, 4);
  std::vector<float> values(8);
  DecodeElements({ElementCode::Kind::kInt4, false, 8}, codes.data(), 0, 8, values.data());
  for (int i = 0; i < 8; ++i) CHECK(values[static_cast<size_t>(i)] == i - 8);
}

}  // namespace
}  // namespace rr
