#include "base/dtype.h"

#include <array>
#include <utility>

namespace rr {
namespace {

struct Row {
  Dtype dtype;
  std::string_view name;
  int bits;
};

constexpr std::array<Row, 22> kRows = {{
    {Dtype::kBool, "BOOL", 8},
    {Dtype::kF4, "F4", 4},
    {Dtype::kF6E2M3, "F6_E2M3", 6},
    {Dtype::kF6E3M2, "F6_E3M2", 6},
    {Dtype::kU8, "U8", 8},
    {Dtype::kI8, "I8", 8},
    {Dtype::kF8E5M2, "F8_E5M2", 8},
    {Dtype::kF8E4M3, "F8_E4M3", 8},
    {Dtype::kF8E8M0, "F8_E8M0", 8},
    {Dtype::kF8E4M3FNUZ, "F8_E4M3FNUZ", 8},
    {Dtype::kF8E5M2FNUZ, "F8_E5M2FNUZ", 8},
    {Dtype::kI16, "I16", 16},
    {Dtype::kU16, "U16", 16},
    {Dtype::kF16, "F16", 16},
    {Dtype::kBF16, "BF16", 16},
    {Dtype::kI32, "I32", 32},
    {Dtype::kU32, "U32", 32},
    {Dtype::kF32, "F32", 32},
    {Dtype::kC64, "C64", 64},
    {Dtype::kF64, "F64", 64},
    {Dtype::kI64, "I64", 64},
    {Dtype::kU64, "U64", 64},
}};

constexpr std::array<std::pair<Dtype, std::string_view>, 4> kTorchNames = {{
    {Dtype::kF64, "float64"},
    {Dtype::kF32, "float32"},
    {Dtype::kF16, "float16"},
    {Dtype::kBF16, "bfloat16"},
}};

}  // namespace

std::string_view NameOf(Dtype dtype) { return kRows[static_cast<size_t>(dtype)].name; }

std::optional<Dtype> ParseDtype(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

std::optional<std::string_view> TorchNameOf(Dtype dtype) {
  for (const auto& [one, name] : kTorchNames) {
    if (one == dtype) return name;
  }
  return std::nullopt;
}

std::optional<Dtype> ParseTorchName(std::string_view name) {
  for (const auto& [dtype, one] : kTorchNames) {
    if (one == name) return dtype;
  }
  return std::nullopt;
}

int BitsOf(Dtype dtype) { return kRows[static_cast<size_t>(dtype)].bits; }

bool IsFloat(Dtype dtype) {
  return dtype == Dtype::kF64 || dtype == Dtype::kF32 || dtype == Dtype::kF16 ||
         dtype == Dtype::kBF16;
}

bool IsWidening(Dtype from, Dtype to) {
  if (from == to || to == Dtype::kF64) return true;
  return to == Dtype::kF32 && (from == Dtype::kF16 || from == Dtype::kBF16);
}

}  // namespace rr
