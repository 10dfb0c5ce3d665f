#include "syntax/quant_format.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "unit/rule_text.h"

namespace rr {
namespace {

std::vector<QuantFormat> Parse(const std::string& formats, Diagnostics* diagnostics) {
  const auto tree =
      ParseYaml(KeepSource("q.yaml", "rule-runner: 1\nformats:\n" + formats), diagnostics);
  REQUIRE(tree.has_value());
  return ParseQuantFormats(*tree, diagnostics);
}

std::string FindingsOfFormat(const std::string& formats) {
  Diagnostics diagnostics;
  CHECK(Parse(formats, &diagnostics).empty());
  return Findings(diagnostics);
}

TEST_CASE("every field") {
  Diagnostics diagnostics;
  const auto formats = Parse(R"(  f:
    about: words
    marks: a == 1
    codes: {key: "{key}_q", dtype: [U8, I8], code: int4, first: high, zero: 7, tail: 4}
    scales: {key: "{stem}.s", dtype: F8_E8M0, block: [all, "n ?? 2"], use: divide}
    shape: "{key}_shape"
    others: ["{stem}.x"]
    transposed: yes
    dtype: F16
)",
                             &diagnostics);
  CHECK(Findings(diagnostics) == "");
  REQUIRE(formats.size() == 1);
  const QuantFormat& format = formats[0];
  CHECK(format.name.text == "f");
  CHECK(format.marks.size() == 1);
  CHECK(format.code.kind == ElementCode::Kind::kInt4);
  CHECK(format.code.high_first);
  CHECK(format.code.zero == 7);
  CHECK(format.tail == 4);
  CHECK(format.divide);
  CHECK(!format.block[0]);
  CHECK(format.block[1].has_value());
  CHECK(format.transposed);
  CHECK(format.dtype == Dtype::kF16);
  CHECK(format.codes.KeyOf("a.weight") == "a.weight_q");
  CHECK(format.scales.KeyOf("a.weight") == "a.s");
  CHECK(!format.scales.KeyOf("a.proj"));
  CHECK(format.scales.WeightOf("a.s") == "a.weight");
  CHECK(!format.scales.WeightOf("a.t"));
}

TEST_CASE("mistakes are named where they stand") {
  CHECK(FindingsOfFormat("  f: {codes: {key: \"{key}\", dtype: U8, code: e2m1}}\n") ==
        "RR005 `{codes: {key: \"{key}\", dtype: U8, code: e2m1}}` a format needs `scales`");
  const std::string scales = ", scales: {key: \"{key}_s\", dtype: U8, block: [\"1\", \"32\"]}}\n";
  CHECK(FindingsOfFormat("  f: {codes: {key: \"q\", dtype: U8, code: e2m1}" + scales) ==
        "RR004 `q` a key begins with {key}, the weight's key, or {stem}, that without .weight");
  CHECK(FindingsOfFormat("  f: {codes: {key: \"{key}\", dtype: U9, code: e2m1}" + scales) ==
        "RR004 `U9` `U9` is no dtype of safetensors");
  CHECK(FindingsOfFormat("  f: {codes: {key: \"{key}\", dtype: U8, code: e3m0}" + scales) ==
        "RR004 `e3m0` `code` is e4m3, e2m1 or int4, this is `e3m0`");
  CHECK(
      FindingsOfFormat("  f: {codes: {key: \"{key}\", dtype: U8, code: e2m1, frist: low}" + scales)
          .starts_with("RR003"));
  CHECK(FindingsOfFormat("  f: {codes: {key: \"{key}\", dtype: U8, code: e2m1}, scales: {key: "
                         "\"{key}_s\", dtype: I32, block: [all]}}\n") ==
        "RR004 `{key: \"{key}_s\", dtype: I32, block: [all]}` scales are floats, or E8M0 as U8 or "
        "F8_E8M0, not I32\n"
        "RR004 `[all]` `block` has two sizes: rows and columns that share a scale, or `all`");
}

}  // namespace
}  // namespace rr
