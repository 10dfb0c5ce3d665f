#include "base/dtype.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

namespace rr {
namespace {

TEST_CASE("every dtype has its own name and size") {
  int count = 0;
  for (int i = 0; i <= static_cast<int>(Dtype::kU64); ++i, ++count) {
    const auto dtype = static_cast<Dtype>(i);
    CAPTURE(std::string(NameOf(dtype)));
    // The enumeration and the table are in the same order.
    CHECK(ParseDtype(NameOf(dtype)) == dtype);
  }
  CHECK(count == 22);
  CHECK(NameOf(Dtype::kF8E4M3) == "F8_E4M3");
  CHECK(BitsOf(Dtype::kF4) == 4);
  CHECK(BitsOf(Dtype::kF6E3M2) == 6);
  CHECK(BitsOf(Dtype::kBool) == 8);
  CHECK(BitsOf(Dtype::kBF16) == 16);
  CHECK(BitsOf(Dtype::kC64) == 64);
  CHECK_FALSE(ParseDtype("bf16"));
  CHECK_FALSE(ParseDtype(""));
}

TEST_CASE("what is computed with, and what widens what") {
  CHECK(IsFloat(Dtype::kBF16));
  CHECK_FALSE(IsFloat(Dtype::kF8E4M3));
  CHECK_FALSE(IsFloat(Dtype::kI32));
  CHECK(IsWidening(Dtype::kBF16, Dtype::kF32));
  CHECK(IsWidening(Dtype::kF16, Dtype::kF64));
  CHECK(IsWidening(Dtype::kF16, Dtype::kF16));
  CHECK_FALSE(IsWidening(Dtype::kBF16, Dtype::kF16));
  CHECK_FALSE(IsWidening(Dtype::kF16, Dtype::kBF16));
  CHECK_FALSE(IsWidening(Dtype::kF32, Dtype::kBF16));
}

TEST_CASE("the names of torch") {
  const std::pair<Dtype, std::string_view> kNames[] = {{Dtype::kF64, "float64"},
                                                       {Dtype::kF32, "float32"},
                                                       {Dtype::kF16, "float16"},
                                                       {Dtype::kBF16, "bfloat16"}};
  for (const auto& [dtype, name] : kNames) {
    CHECK(TorchNameOf(dtype) == name);
    CHECK(ParseTorchName(name) == dtype);
  }
  CHECK_FALSE(TorchNameOf(Dtype::kF8E4M3));
  CHECK_FALSE(ParseTorchName("half"));
}

}  // namespace
}  // namespace rr
