#include "run/kernel_value.h"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "run/float_bits.h"

namespace rr {
namespace {

template <class T>
uint64_t Convert(const ValueOp& op, T bits) {
  uint64_t result = 0;
  std::byte source[8], destination[8] = {};
  std::memcpy(source, &bits, sizeof bits);
  ConvertRow(op, 1, source, 1, destination, 1);
  std::memcpy(&result, destination, static_cast<size_t>(BitsOf(op.to)) / 8);
  return result;
}

ValueOp Cast(Dtype from, Dtype to) { return {from, to, {}}; }

TEST_CASE("F32 to BF16 rounds to nearest, ties to even") {
  struct Row {
    uint32_t from;
    uint64_t to;
    const char* what;
  };
  const Row rows[] = {
      {0x3f800000, 0x3f80, "1"},
      {0x3f808000, 0x3f80, "a tie goes down to even"},
      {0x3f818000, 0x3f82, "a tie goes up to even"},
      {0x3f808001, 0x3f81, "just above a tie"},
      {0x3f817fff, 0x3f81, "just below a tie"},
      {0x80000000, 0x8000, "-0"},
      {0x00000001, 0x0000, "the smallest subnormal is too small"},
      {0x00008000, 0x0000, "half of the smallest BF16 subnormal is a tie with 0"},
      {0x00008001, 0x0001, "just above it"},
      {0x007fffff, 0x0080, "the largest subnormal becomes normal"},
      {0x7f7fffff, 0x7f80, "the largest float becomes infinity"},
      {0x7f7f7fff, 0x7f7f, "the largest that does not"},
      {0xff800000, 0xff80, "-infinity"},
      {0x7fc00000, 0x7fc0, "NaN"},
      {0x7f800001, 0x7fc0, "a NaN whose payload is lost stays NaN"},
      {0x7fffffff, 0x7fff, "a full NaN does not become -0"},
      {0xffa10000, 0xffe1, "a signalling NaN becomes quiet and keeps sign and payload"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(Convert(Cast(Dtype::kF32, Dtype::kBF16), row.from) == row.to);
    CHECK(Bf16FromDouble(std::bit_cast<float>(row.from)) == row.to);
  }
}

TEST_CASE("F32 to F16 rounds to nearest, ties to even") {
  struct Row {
    uint32_t from;
    uint64_t to;
    const char* what;
  };
  const Row rows[] = {
      {0x3f800000, 0x3c00, "1"},
      {0x3f801000, 0x3c00, "a tie goes down to even"},
      {0x3f803000, 0x3c02, "a tie goes up to even"},
      {0x3f801001, 0x3c01, "just above a tie"},
      {0x80000000, 0x8000, "-0"},
      {0x477fe000, 0x7bff, "65504, the largest"},
      {0x477fefff, 0x7bff, "just below the tie with infinity"},
      {0x477ff000, 0x7c00, "65520 becomes infinity"},
      {0x7f7fffff, 0x7c00, "the largest float"},
      {0x38800000, 0x0400, "the smallest normal"},
      {0x387fc000, 0x03ff, "the largest subnormal"},
      {0x387fe000, 0x0400, "a tie between them goes up to even"},
      {0x33800000, 0x0001, "the smallest subnormal"},
      {0x33000000, 0x0000, "half of it is a tie with 0"},
      {0x33000001, 0x0001, "just above it"},
      {0x33c00000, 0x0002, "1.5 of it goes up to even"},
      {0x00000001, 0x0000, "a subnormal float"},
      {0xff800000, 0xfc00, "-infinity"},
      {0x7f800001, 0x7e00, "NaN"},
      {0xffffffff, 0xffff, "a full NaN"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(Convert(Cast(Dtype::kF32, Dtype::kF16), row.from) == row.to);
  }
}

TEST_CASE("the conversions without branches are the general ones") {
  size_t wrong = 0;
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += 1009) {
    for (const uint64_t tie :
         {bits, (bits & ~uint64_t{0x1fff}) | 0x1000, (bits & ~uint64_t{0xffff}) | 0x8000}) {
      const float value = std::bit_cast<float>(static_cast<uint32_t>(tie));
      wrong += F16FromFloat(value) != F16FromDouble(value) ? 1 : 0;
      wrong += Bf16FromFloat(value) != Bf16FromDouble(value) ? 1 : 0;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("F64 is rounded once") {
  // Just above a tie of BF16, by less than a float can hold: by way of F32 it would be the tie.
  const uint64_t above_tie = std::bit_cast<uint64_t>(1.0 + 0x1p-8 + 0x1p-40);
  CHECK(Convert(Cast(Dtype::kF64, Dtype::kBF16), above_tie) == 0x3f81);
  CHECK(Convert(Cast(Dtype::kF64, Dtype::kF16), std::bit_cast<uint64_t>(1.0 + 0x1p-11 + 0x1p-40)) ==
        0x3c01);
  CHECK(Convert(Cast(Dtype::kF64, Dtype::kF32), std::bit_cast<uint64_t>(0x1p-149)) == 1);
  CHECK(Convert(Cast(Dtype::kF64, Dtype::kF32), std::bit_cast<uint64_t>(1e300)) == 0x7f800000);
  CHECK(Convert(Cast(Dtype::kF64, Dtype::kF32), uint64_t{0x7ff0000000000001}) == 0x7fc00000);
  CHECK(Convert(Cast(Dtype::kF64, Dtype::kF64), uint64_t{0xfff0000000000001}) ==
        0xfff8000000000001);
}

TEST_CASE("every 16-bit value survives the way to a wider format and back; NaNs become quiet") {
  for (const Dtype small : {Dtype::kF16, Dtype::kBF16}) {
    const uint32_t infinity = small == Dtype::kF16 ? 0x7c00 : 0x7f80;
    const uint32_t quiet = small == Dtype::kF16 ? 0x0200 : 0x0040;
    for (const Dtype wide : {Dtype::kF32, Dtype::kF64}) {
      size_t wrong = 0;
      for (uint32_t bits = 0; bits < 0x10000; ++bits) {
        const uint64_t out = Convert(Cast(small, wide), static_cast<uint16_t>(bits));
        const uint64_t back = wide == Dtype::kF32
                                  ? Convert(Cast(wide, small), static_cast<uint32_t>(out))
                                  : Convert(Cast(wide, small), out);
        const bool nan = (bits & 0x7fff) > infinity;
        wrong += back != (nan ? bits | quiet : bits) ? 1 : 0;
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("steps are done in the arithmetic they name, and rounded to it") {
  const auto add = [](double operand, Dtype compute) {
    return ValueStep{ValueStep::Kind::kAdd, operand, compute};
  };
  const auto multiply = [](double operand, Dtype compute) {
    return ValueStep{ValueStep::Kind::kMultiply, operand, compute};
  };
  const uint16_t one = 0x3f80;
  // 1 + 2^-24 is 1 in F32 and more in F64.
  ValueOp op{Dtype::kBF16, Dtype::kF64, {add(0x1p-24, Dtype::kF32)}};
  CHECK(std::bit_cast<double>(Convert(op, one)) == 1.0);
  op.steps[0].compute = Dtype::kF64;
  CHECK(std::bit_cast<double>(Convert(op, one)) == 1.0 + 0x1p-24);
  // Each step is rounded: (1 + 2^-24) - 1.
  op.steps = {add(0x1p-24, Dtype::kF32), add(-1, Dtype::kF64)};
  CHECK(std::bit_cast<double>(Convert(op, one)) == 0.0);
  op.steps[0].compute = Dtype::kF64;
  CHECK(std::bit_cast<double>(Convert(op, one)) == 0x1p-24);
  // A norm weight stored + 1 in BF16.
  CHECK(Convert(ValueOp{Dtype::kBF16, Dtype::kBF16, {add(1, Dtype::kF32)}}, uint16_t{0x3c00}) ==
        0x3f81);
  CHECK(Convert(ValueOp{Dtype::kBF16, Dtype::kBF16, {multiply(0.125, Dtype::kF32)}}, one) ==
        0x3e00);
  // A NaN stays as it was; a new one is the positive quiet NaN.
  CHECK(Convert(ValueOp{Dtype::kBF16, Dtype::kBF16, {add(1, Dtype::kF32)}}, uint16_t{0xff85}) ==
        0xffc5);
  CHECK(Convert(ValueOp{Dtype::kBF16, Dtype::kF32, {multiply(0, Dtype::kF32)}}, uint16_t{0xff80}) ==
        0x7fc00000);
}

TEST_CASE("rows longer than a chunk, with strides") {
  constexpr int64_t kCount = 1000;
  std::vector<float> source(3 * kCount);
  for (size_t i = 0; i < source.size(); ++i) source[i] = static_cast<float>(i);
  std::vector<double> destination(2 * kCount, -1);
  ConvertRow(Cast(Dtype::kF32, Dtype::kF64), kCount,
             reinterpret_cast<const std::byte*>(source.data()), 3,
             reinterpret_cast<std::byte*>(destination.data()), 2);
  size_t wrong = 0;
  for (size_t i = 0; i < kCount; ++i) {
    wrong +=
        destination[2 * i] != static_cast<double>(3 * i) || destination[2 * i + 1] != -1 ? 1 : 0;
  }
  CHECK(wrong == 0);
}

TEST_CASE("a transposed box of values") {
  constexpr int64_t kRows = 300, kColumns = 5;
  std::vector<float> source(kRows * kColumns);
  for (size_t i = 0; i < source.size(); ++i) source[i] = static_cast<float>(i);
  std::vector<double> destination(source.size());
  ConvertBox(Cast(Dtype::kF32, Dtype::kF64), {{{kColumns, 1, kRows}, {kRows, kColumns, 1}}, 0, 0},
             reinterpret_cast<const std::byte*>(source.data()),
             reinterpret_cast<std::byte*>(destination.data()));
  size_t wrong = 0;
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j < kColumns; ++j) {
      wrong +=
          destination[static_cast<size_t>(j * kRows + i)] != static_cast<double>(i * kColumns + j)
              ? 1
              : 0;
    }
  }
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace rr
