#include "run/dequantized_reader.h"

#include <doctest/doctest.h>

#include <bit>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "bind/quantized.h"
#include "codec/e2m1.h"
#include "codec/e8m0.h"
#include "codec/f8_e4m3.h"
#include "memory_io.h"
#include "unit/rule_text.h"

namespace rr {
namespace {

using Shape = std::vector<int64_t>;

QuantFormatPtr FormatOf(const std::string& text) {
  Diagnostics diagnostics;
  const auto tree =
      ParseYaml(KeepSource("q.yaml", "rule-runner: 1\nformats:\n  f: " + text), &diagnostics);
  REQUIRE(tree.has_value());
  std::vector<QuantFormat> formats = ParseQuantFormats(*tree, &diagnostics);
  REQUIRE(Findings(diagnostics) == "");
  REQUIRE(formats.size() == 1);
  return std::make_shared<QuantFormat>(std::move(formats[0]));
}

Bytes Counting(size_t n, int step) {
  Bytes bytes;
  for (size_t i = 0; i < n; ++i)
    bytes.push_back(static_cast<std::byte>(i * static_cast<size_t>(step) % 251));
  return bytes;
}

template <class T>
Bytes BytesOf(const std::vector<T>& values) {
  Bytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

struct Case {
  KeyTable table;
  std::unique_ptr<DequantizedReader> reader;

  Case(const std::string& format, std::vector<FoundKey> keys, std::vector<Bytes> tensors,
       DequantizedReader::Order order = DequantizedReader::Order::kStored) {
    Diagnostics diagnostics;
    table = MakeQuantizedKeyTable(std::move(keys), {FormatOf(format)}, Config(),
                                  QuantizedAs::kExact, &diagnostics);
    REQUIRE(table.quantized.size() == 1);
    reader = std::make_unique<DequantizedReader>(std::make_unique<TestReader>(std::move(tensors)),
                                                 table, order);
  }

  // In goes of `go` bytes, which need not be whole elements.
  std::vector<float> Read(size_t count, size_t go) const {
    Bytes bytes(count * sizeof(float));
    for (size_t at = 0; at < bytes.size(); at += go)
      reader->Read(0, at, std::span(bytes).subspan(at, std::min(go, bytes.size() - at)));
    std::vector<float> values(count);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
};

// Bit by bit: NaNs are compared as well.
void CheckBits(const std::vector<float>& got, const std::vector<float>& want) {
  REQUIRE(got.size() == want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CHECK(std::bit_cast<uint32_t>(got[i]) == std::bit_cast<uint32_t>(want[i]));
  }
}

TEST_CASE("blocks with short last ones, of several matrices, read in any goes") {
  // [2, 7, 10] in blocks of 3 x 4.
  const std::string format =
      "{codes: {key: '{key}', dtype: F8_E4M3, code: e4m3}, "
      "scales: {key: '{key}_s', dtype: F32, block: ['3', '4']}}";
  const Bytes codes = Counting(140, 3);
  std::vector<float> scales;
  for (int i = 0; i < 18; ++i) scales.push_back(0.1f * static_cast<float>(i + 1));
  std::vector<float> want;
  for (size_t e = 0; e < 140; ++e) {
    const size_t m = e / 70, r = e / 10 % 7, c = e % 10;
    want.push_back(FloatFromF8E4M3(static_cast<uint8_t>(codes[e])) *
                   scales[m * 9 + r / 3 * 3 + c / 4]);
  }
  const Case one(format,
                 {{"w", Shape{2, 7, 10}, Dtype::kF8E4M3}, {"w_s", Shape{2, 3, 3}, Dtype::kF32}},
                 {codes, BytesOf(scales)});
  for (const size_t go : {1, 6, 44, 560}) CheckBits(one.Read(140, go), want);
}

TEST_CASE("one scale for a weight, or for each of several, by which a code is divided") {
  const std::string format =
      "{codes: {key: '{key}', dtype: F8_E4M3, code: e4m3}, "
      "scales: {key: '{key}_s', dtype: F16, block: [all, all], use: divide}}";
  const Bytes codes = Counting(30, 7);
  std::vector<float> want;
  for (size_t e = 0; e < 30; ++e)
    want.push_back(FloatFromF8E4M3(static_cast<uint8_t>(codes[e])) / (e < 15 ? 3.0f : 0.75f));
  const Case one(format,
                 {{"w", Shape{2, 3, 5}, Dtype::kF8E4M3}, {"w_s", Shape{2, 1, 1}, Dtype::kF16}},
                 {codes, BytesOf<uint16_t>({0x4200, 0x3a00})});
  CheckBits(one.Read(30, 28), want);
}

TEST_CASE("codes in halves of bytes, exchanged dimensions, either order") {
  // Values [2, 32, 3], stored [2, 3, 1, 16].
  const std::string format =
      "{transposed: yes, codes: {key: '{key}_blocks', dtype: U8, code: e2m1, tail: 16}, "
      "scales: {key: '{key}_scales', dtype: U8, block: ['1', '32']}}";
  const Bytes codes = Counting(96, 5);
  const Bytes scales{std::byte{127}, std::byte{0},   std::byte{130},
                     std::byte{255}, std::byte{254}, std::byte{100}};
  const std::vector<FoundKey> keys{{"w_blocks", Shape{2, 3, 1, 16}, Dtype::kU8},
                                   {"w_scales", Shape{2, 3, 1}, Dtype::kU8}};
  std::vector<float> stored(192), named(192);
  for (size_t e = 0; e < 192; ++e) {
    const auto byte = static_cast<uint8_t>(codes[e / 2]);
    stored[e] = FloatFromE2M1(e % 2 == 0 ? byte & 0xf : byte >> 4) *
                FloatFromE8M0(static_cast<uint8_t>(scales[e / 32]));
    named[e / 96 * 96 + e % 32 * 3 + e / 32 % 3] = stored[e];
  }
  CheckBits(Case(format, keys, {codes, scales}).Read(192, 100), stored);
  const Case other(format, keys, {codes, scales}, DequantizedReader::Order::kNamed);
  CHECK(*other.table.keys[0].shape == Shape{2, 32, 3});
  CheckBits(other.Read(192, 100), named);
}

TEST_CASE("other tensors come as they are") {
  const Case one(
      "{codes: {key: '{key}', dtype: I8, code: e2m1}, "
      "scales: {key: '{key}_s', dtype: F8_E8M0, block: ['1', '4']}}",
      {{"w", Shape{1, 2}, Dtype::kI8},
       {"w_s", Shape{1, 1}, Dtype::kF8E8M0},
       {"n", Shape{3}, Dtype::kU8}},
      {Counting(2, 40), Bytes{std::byte{128}}, Counting(3, 9)});
  Bytes out(2);
  one.reader->Read(2, 1, out);
  CHECK(out == Bytes{std::byte{9}, std::byte{18}});
}

}  // namespace
}  // namespace rr
