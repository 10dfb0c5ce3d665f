#include "bind/quantized.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/json.h"
#include "syntax/yaml_tree.h"
#include "unit/rule_text.h"

namespace rr {
namespace {

const char* const kFormats = R"(rule-runner: 1
formats:
  block:
    marks: ["quant_method == 'fp8'"]
    codes: {key: "{key}", dtype: F8_E4M3, code: e4m3}
    scales: {key: "{key}_scale_inv", dtype: [F32, BF16], block: ["weight_block_size[0] ?? 128", "weight_block_size[1] ?? 128"]}
  tensor:
    codes: {key: "{key}", dtype: F8_E4M3, code: e4m3}
    scales: {key: "{key}_scale_inv", dtype: F32, block: [all, all]}
    others: ["{stem}.activation_scale"]
  turned:
    transposed: yes
    dtype: F16
    codes: {key: "{key}_blocks", dtype: U8, code: e2m1, tail: 16}
    scales: {key: "{key}_scales", dtype: U8, block: ["1", "32"]}
  words:
    codes: {key: "{key}_packed", dtype: I32, code: int4, zero: 8}
    scales: {key: "{key}_scale", dtype: F16, block: ["1", "32"]}
    shape: "{key}_shape"
  stem:
    codes: {key: "{key}", dtype: I8, code: e2m1}
    scales: {key: "{stem}.scale", dtype: F8_E8M0, block: ["1", "32"]}
)";

std::vector<QuantFormatPtr> Formats() {
  Diagnostics diagnostics;
  const auto tree = ParseYaml(KeepSource("formats.yaml", std::string(kFormats)), &diagnostics);
  REQUIRE(tree.has_value());
  std::vector<QuantFormatPtr> formats;
  for (QuantFormat& format : ParseQuantFormats(*tree, &diagnostics))
    formats.push_back(std::make_shared<QuantFormat>(std::move(format)));
  REQUIRE(Findings(diagnostics) == "");
  return formats;
}

KeyTable TableOf(std::vector<FoundKey> keys, QuantizedAs as, Diagnostics* diagnostics,
                 const std::string& config = "{}") {
  return MakeQuantizedKeyTable(std::move(keys), Formats(),
                               Config(*ParseJson("config.json", config, diagnostics)), as,
                               diagnostics);
}

using Shape = std::vector<int64_t>;

TEST_CASE("a weight takes the name and the shape that rules know") {
  Diagnostics diagnostics;
  const KeyTable table = TableOf(
      {
          {"a.weight", Shape{200, 130}, Dtype::kF8E4M3},
          {"a.weight_scale_inv", Shape{2, 2}, Dtype::kBF16},
          {"b.weight", Shape{7, 5}, Dtype::kF8E4M3},
          {"b.weight_scale_inv", Shape{}, Dtype::kF32},
          {"b.activation_scale", Shape{}, Dtype::kF32},
          {"c_blocks", Shape{3, 10, 2, 16}, Dtype::kU8},
          {"c_scales", Shape{3, 10, 2}, Dtype::kU8},
          {"d.weight_packed", Shape{6, 8}, Dtype::kI32},
          {"d.weight_scale", Shape{6, 2}, Dtype::kF16},
          {"d.weight_shape", Shape{2}, Dtype::kI64},
          {"e.weight", Shape{9, 16}, Dtype::kI8},
          {"e.scale", Shape{9, 1}, Dtype::kF8E8M0},
          {"f.weight", Shape{4}, Dtype::kBF16},
      },
      QuantizedAs::kCodes, &diagnostics);
  CHECK(Findings(diagnostics) == "");
  REQUIRE(table.quantized.size() == 5);
  const auto shape_of = [&](const std::string& key) {
    return *table.keys[table.by_name.at(key)].shape;
  };
  const auto format_of = [&](const std::string& key) {
    const int32_t index = table.keys[table.by_name.at(key)].quantized;
    return table.quantized[static_cast<size_t>(index)].format->name.text;
  };
  CHECK(table.by_name.size() == 6);
  CHECK(shape_of("a.weight") == Shape{200, 130});
  CHECK(format_of("a.weight") == "block");
  CHECK(format_of("b.weight") == "tensor");
  CHECK(shape_of("c") == Shape{3, 64, 10});
  CHECK(format_of("c") == "turned");
  CHECK(shape_of("d.weight") == Shape{6, 64});
  CHECK(shape_of("e.weight") == Shape{9, 32});
  CHECK(table.keys[1].part_of == 0);
  CHECK(table.keys[4].part_of == 2);
  CHECK(table.keys[9].part_of == 7);
  CHECK(table.keys[12].part_of == -1);
}

TEST_CASE("values are F32, stored as the format says or as most tensors are") {
  const std::vector<FoundKey> keys{{"a.weight", Shape{20, 13}, Dtype::kF8E4M3},
                                   {"a.weight_scale_inv", Shape{1, 1}, Dtype::kF32},
                                   {"c_blocks", Shape{10, 2, 16}, Dtype::kU8},
                                   {"c_scales", Shape{10, 2}, Dtype::kU8},
                                   {"n", Shape{4}, Dtype::kF64}};
  Diagnostics diagnostics;
  const KeyTable values = TableOf(keys, QuantizedAs::kValues, &diagnostics);
  CHECK(values.keys[0].dtype == Dtype::kF32);
  CHECK(values.keys[0].stored_as == Dtype::kF64);
  CHECK(values.keys[2].stored_as == Dtype::kF16);
  const KeyTable exact = TableOf(keys, QuantizedAs::kExact, &diagnostics);
  CHECK(exact.keys[0].dtype == Dtype::kF32);
  CHECK(!exact.keys[0].stored_as);
}

TEST_CASE("what belongs to the codes says nothing of what most tensors are stored as") {
  const std::vector<FoundKey> keys{{"b.weight", Shape{7, 5}, Dtype::kF8E4M3},
                                   {"b.weight_scale_inv", Shape{}, Dtype::kF32},
                                   {"b.activation_scale", Shape{}, Dtype::kF32},
                                   {"n", Shape{4}, Dtype::kF16}};
  Diagnostics diagnostics;
  const KeyTable values = TableOf(keys, QuantizedAs::kValues, &diagnostics);
  CHECK(Findings(diagnostics) == "");
  CHECK(values.keys[2].part_of == 0);
  CHECK(values.keys[0].stored_as == Dtype::kF16);
}

TEST_CASE("the size of a block comes from the config, and scales must have it") {
  const std::vector<FoundKey> keys{{"a.weight", Shape{20, 13}, Dtype::kF8E4M3},
                                   {"a.weight_scale_inv", Shape{5, 2}, Dtype::kF32}};
  Diagnostics good;
  CHECK(TableOf(keys, QuantizedAs::kCodes, &good,
                R"({"quantization_config": {"weight_block_size": [4, 8]}})")
            .quantized.size() == 1);
  CHECK(Findings(good) == "");
  Diagnostics bad;
  CHECK(TableOf(keys, QuantizedAs::kCodes, &bad).quantized.empty());
  CHECK(CodesOf(bad) == "RR403");
  CHECK(bad.all()[0].message ==
        "a.weight_scale_inv is [5, 2], but the scales of a.weight are [1, 1] by `block`");
}

TEST_CASE("key lists have no dtypes, and may have no shapes") {
  Diagnostics diagnostics;
  const KeyTable table = TableOf({{"a.weight", {}, {}}, {"a.weight_scale_inv", {}, {}}},
                                 QuantizedAs::kCodes, &diagnostics);
  REQUIRE(table.quantized.size() == 1);
  CHECK(table.quantized[0].format->name.text == "block");
  CHECK(!table.keys[0].shape);
}

TEST_CASE("what is no quantised weight stays as it is") {
  Diagnostics diagnostics;
  const KeyTable table = TableOf({{"router.scale", Shape{4}, Dtype::kBF16},
                                  {"router.weight", Shape{4, 6}, Dtype::kBF16},
                                  {"x_scales", Shape{4}, Dtype::kU8},
                                  {"d.weight_packed", Shape{6, 8}, Dtype::kI32},
                                  {"d.weight_scale", Shape{6, 2}, Dtype::kF16}},
                                 QuantizedAs::kValues, &diagnostics);
  CHECK(table.quantized.empty());
  CHECK(table.by_name.size() == 5);
  CHECK(Findings(diagnostics) == "");
}

}  // namespace
}  // namespace rr
