#include "run/quant_tests.h"

#include <doctest/doctest.h>

#include "io/memory_files.h"
#include "lint/untested_format.h"
#include "unit/rule_text.h"

namespace rr {
namespace {

const std::string kFormat =
    "rule-runner: 1\n"
    "formats:\n"
    "  f:\n"
    "    marks: [\"quant_method == 'f'\"]\n"
    "    usual: '.*_proj'\n"
    "    codes: {key: '{key}', dtype: [F8_E4M3], code: e4m3}\n"
    "    scales: {key: '{key}_s', dtype: [F32, BF16], block: ['2 ', all]}\n"
    "    others: ['{key}_o']\n";
const std::string kTest =
    "tests:\n"
    "  - format: f\n"
    "    config: {quant_method: '\"f\"'}\n"
    "    announces: f\n"
    "    weight: {a_proj: [5, 6]}\n"
    "    stored: {a_proj: [F8_E4M3, 5, 6], a_proj_s: [[F32, BF16], 3, 1]}\n"
    "    others: a_proj_o\n"
    "    usual: a_proj\n"
    "    unusual: norm\n"
    "    codes: [56, 196]\n"
    "    scale: [0, 0, 0, 64]\n"
    "    values: [2, -6, 0]\n";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string Run(const std::string& text) {
  MemoryFiles files;
  files.Put("/rules/quantization/f.yaml", text);
  RuleLibrary library(files, {"/rules"});
  Diagnostics diagnostics;
  const size_t checked = RunQuantFile(files, "/rules/quantization/f.yaml", &library, &diagnostics);
  CHECK((checked > 0 || diagnostics.HasErrors()));
  return Findings(diagnostics);
}

TEST_CASE("a format that is as its test says") { CHECK(Run(kFormat + kTest) == ""); }

TEST_CASE("every part of a format that is made wrong is seen") {
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"quant_method == 'f'", "quant_method == 'g'"},
           {".*_proj", ".*_pro"},
           {".*_proj", ".*"},
           {"'{key}', dtype", "'{key}_c', dtype"},
           {"[F8_E4M3]", "[U8]"},
           {"code: e4m3", "code: e2m1"},
           {"{key}_s", "{key}_t"},
           {"[F32, BF16]", "[BF16, F32]"},
           {"[F32, BF16]", "[F32]"},
           {"'2 '", "'3'"},
           {"all]", "'3']"},
           {"all]}", "all], use: divide}"},
           {"{key}_o", "{key}_p"}}) {
    CAPTURE(from);
    CAPTURE(to);
    CHECK(Run(Replaced(kFormat, from, to) + kTest) != "");
  }
}

TEST_CASE("failures say what was found") {
  CHECK(Run(Replaced(kFormat, "== 'f'", "== 'g'") + kTest)
            .ends_with("the config announces [], the test says [f]"));
  CHECK(Run(Replaced(kFormat, "_proj'", "_pro'") + kTest) ==
        "RR901 `a_proj` `a_proj` is not usually quantised as `f`");
  CHECK(Run(kFormat + Replaced(kTest, "-6", "6"))
            .ends_with("the values are [2, -6, 0], the test says [2, 6, 0]"));
  CHECK(Run(kFormat + "tests: [{format: g}]\n") == "RR902 `g` there is no format `g`");
}

TEST_CASE("what is malformed in a test of a format") {
  CHECK(Run(kFormat + "tests: [{format: f, weight: {a: [1, 2]}}]\n")
            .ends_with("`weight` and `stored` belong together: a weight and what stands for it"));
  CHECK(Run(kFormat + "tests: [{format: f, codes: [256]}]\n") == "RR004 `256` a byte is 0 to 255");
  CHECK(Run(kFormat + "tests: [{format: f, values: [x]}]\n") == "RR004 `x` `x` is no number");
  CHECK(Run(kFormat + "tests: [{codes: [2]}]\n").ends_with("a test of a format needs `format`"));
}

TEST_CASE("lint: a format without tests, and parts that none reaches") {
  const auto lint = [](const std::string& text) {
    Diagnostics diagnostics;
    const auto tree = ParseYaml(KeepSource("f.yaml", text), &diagnostics);
    REQUIRE(tree.has_value());
    FindUntestedFormats(ParseQuantFormats(*tree, &diagnostics),
                        ParseQuantTests(*tree, &diagnostics), &diagnostics);
    return Findings(diagnostics);
  };
  CHECK(lint(kFormat + kTest) == "");
  CHECK(lint(kFormat) == "RR903 `f` format `f` has no tests");
  CHECK(lint(kFormat + "tests: [{format: f, usual: a_proj, values: [1]}]\n") ==
        "RR904 `f` no test of `f` has `announces`, `unusual`, `stored` and `others`");
}

}  // namespace
}  // namespace rr
