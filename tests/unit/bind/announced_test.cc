#include "bind/announced.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "io/json.h"
#include "unit/rule_text.h"

namespace rr {
namespace {

std::vector<QuantFormatPtr> FormatsOf(const std::string& text) {
  Diagnostics diagnostics;
  const auto tree =
      ParseYaml(KeepSource("q.yaml", "rule-runner: 1\nformats:\n" + text), &diagnostics);
  REQUIRE(tree.has_value());
  std::vector<QuantFormatPtr> formats;
  for (QuantFormat& format : ParseQuantFormats(*tree, &diagnostics))
    formats.push_back(std::make_shared<QuantFormat>(std::move(format)));
  REQUIRE(Findings(diagnostics) == "");
  return formats;
}

// "name DTYPE [shape]", one a line.
std::string Announced(const std::string& formats, std::vector<FoundKey> keys,
                      const std::string& config) {
  Diagnostics diagnostics;
  std::string text;
  for (const FoundKey& key : AsAnnounced(std::move(keys), FormatsOf(formats),
                                         Config(*ParseJson("config.json", config, &diagnostics))))
    text += fmt::format("{} {} [{}]\n", key.name, NameOf(*key.dtype), fmt::join(*key.shape, ", "));
  return text;
}

using Shape = std::vector<int64_t>;

const std::string kBlocks =
    "  blocks: {marks: [\"quant_method == 'fp8'\"], usual: '.*_proj\\.weight', "
    "codes: {key: '{key}', dtype: F8_E4M3, code: e4m3}, "
    "scales: {key: '{key}_s', dtype: F32, block: ['4', '8']}}\n";

TEST_CASE("weights that usually are, less what the config leaves out") {
  const std::vector<FoundKey> keys{{"layers.0.q_proj.weight", Shape{9, 20}, Dtype::kBF16},
                                   {"layers.1.q_proj.weight", Shape{9, 20}, Dtype::kBF16},
                                   {"layers.1.mlp.gate_proj.weight", Shape{4, 8}, Dtype::kBF16},
                                   {"layers.1.norm.weight", Shape{20}, Dtype::kBF16}};
  CHECK(Announced(kBlocks, keys,
                  R"({"quantization_config": {"quant_method": "fp8",
                      "modules_to_not_convert": ["gate", "layers.*.mlp"], "ignore": ["re:.*0\\.q"]}})") ==
        "layers.0.q_proj.weight BF16 [9, 20]\n"
        "layers.1.q_proj.weight F8_E4M3 [9, 20]\n"
        "layers.1.q_proj.weight_s F32 [3, 3]\n"
        "layers.1.mlp.gate_proj.weight BF16 [4, 8]\n"
        "layers.1.norm.weight BF16 [20]\n");
  CHECK(Announced(kBlocks, {keys[0]}, "{}") == "layers.0.q_proj.weight BF16 [9, 20]\n");
}

TEST_CASE("words, a shape, exchanged dimensions, and shapes that a format cannot have") {
  const std::string words =
      "  words: {marks: 'a == 1', usual: '.*w', codes: {key: '{key}_packed', dtype: I32, code: "
      "int4},"
      " scales: {key: '{key}_scale', dtype: F16, block: ['1', '32']}, shape: '{key}_shape'}\n";
  const std::string config = R"({"quantization_config": {"a": 1}})";
  CHECK(Announced(words, {{"w", Shape{5, 64}, Dtype::kBF16}, {"vw", Shape{5, 60}, Dtype::kBF16}},
                  config) ==
        "w_packed I32 [5, 8]\nw_scale F16 [5, 2]\nw_shape I64 [2]\nvw BF16 [5, 60]\n");
  const std::string turned =
      "  turned: {marks: 'a == 1', usual: 'w', transposed: yes, "
      "codes: {key: '{key}_blocks', dtype: U8, code: e2m1, tail: 16}, "
      "scales: {key: '{key}_scales', dtype: U8, block: ['1', '32']}}\n";
  CHECK(Announced(turned, {{"w", Shape{3, 64, 10}, Dtype::kBF16}}, config) ==
        "w_blocks U8 [3, 10, 2, 16]\nw_scales U8 [3, 10, 2]\n");
}

}  // namespace
}  // namespace rr
