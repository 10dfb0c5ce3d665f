#include "codec/decode.h"

#include <array>

#include "codec/e2m1.h"
#include "codec/f8_e4m3.h"
#include "codec/int4.h"

namespace rr {
namespace {

const std::array<float, 256>& F8E4M3Values() {
  static const std::array<float, 256> values = [] {
    std::array<float, 256> made{};
    for (size_t i = 0; i < made.size(); ++i) made[i] = FloatFromF8E4M3(static_cast<uint8_t>(i));
    return made;
  }();
  return values;
}

template <class Value>
void DecodeNibbles(const std::byte* codes, int64_t first, int64_t n, bool high_first, float* values,
                   Value value) {
  for (int64_t i = 0; i < n; ++i) {
    const int64_t at = first + i;
    const auto byte = static_cast<uint8_t>(codes[at / 2]);
    const bool high = (at % 2 == 0) == high_first;
    values[i] = value(static_cast<uint8_t>(high ? byte >> 4 : byte & 0xf));
  }
}

}  // namespace

void DecodeElements(const ElementCode& code, const std::byte* codes, int64_t first, int64_t n,
                    float* values) {
  switch (code.kind) {
    case ElementCode::Kind::kF8E4M3: {
      const std::array<float, 256>& table = F8E4M3Values();
      for (int64_t i = 0; i < n; ++i) values[i] = table[static_cast<size_t>(codes[first + i])];
      return;
    }
    case ElementCode::Kind::kE2M1:
      return DecodeNibbles(codes, first, n, code.high_first, values, FloatFromE2M1);
    case ElementCode::Kind::kInt4:
      return DecodeNibbles(codes, first, n, code.high_first, values,
                           [&](uint8_t nibble) { return FloatFromInt4(nibble, code.zero); });
  }
}

}  // namespace rr
