// Element tests beyond the place that a layout writes: other prefixes and alternatives, elements
// that are nowhere, tests of files that a file extends.
#include "run/rule_tests.h"

#include <doctest/doctest.h>

#include "bind/rule_library.h"
#include "io/memory_files.h"
#include "unit/rule_text.h"

namespace rr {
namespace {

const std::string kRules =
    "axes: {L: layers, I: inner, H: hidden}\n"
    "kinds: {ffn: {dense: L > 0, other: else}}\n"
    "layouts: {hub: {prefixes: {m: ['m.', '']}}, fused: {}, bare: {partial: no mlp}}\n"
    "blocks:\n"
    "  mlp:\n"
    "    where: dense\n"
    "    tensors: {gate: 'L : I <- H', up: 'L : I <- H'}\n"
    "    layouts:\n"
    "      hub: {one of: {two: {'{m}gate.{L}': 'gate[I H]', '{m}up.{L}': 'up[I H]'}, one: "
    "{'{m}both.{L}': '{gate[I] | up[I]} H'}}}\n"
    "      fused: {'gate_up.{L}': '{gate[I] | up[I]} H'}\n";

// What the tests of the file at `path` say, as "RR901 `place` message" with notes below.
std::string Said(const MemoryFiles& files, const std::string& path, RuleTestReport* report) {
  RuleLibrary library(files, {"/rules"});
  Diagnostics diagnostics;
  const RulesPtr rules = library.LoadFile(path, &diagnostics);
  REQUIRE(rules != nullptr);
  INFO(Findings(diagnostics));
  REQUIRE(rules->valid);
  RunRuleTests(*rules, nullptr, report, &diagnostics);
  std::string text;
  for (const Diagnostic& d : diagnostics.all()) {
    text += d.message + "\n";
    for (const Note& note : d.notes) text += "  " + note.text + "\n";
  }
  return text;
}

std::string SaidOf(const std::string& tests) {
  MemoryFiles files;
  files.Put("/rules/toy.yaml", WithHeader(kRules + "tests:\n" + tests));
  RuleTestReport report;
  return Said(files, "/rules/toy.yaml", &report);
}

TEST_CASE("a list of places is what is written, then any prefix and alternative") {
  const std::string element = "  - {sizes: {L: 2, I: 5, H: 3}, element: 'mlp.up[1, 4, 2]', hub: ";
  CHECK(SaidOf(element + "[m.up.1, 4, 2]}\n") == "");
  CHECK(SaidOf(element + "[[m.up.1, 4, 2], [up.1, 4, 2], [m.both.1, 9, 2], [both.1, 9, 2]]}\n") ==
        "");
  // What is not the first prefix is not what is written.
  CHECK(SaidOf(element + "[up.1, 4, 2]}\n").starts_with("mlp.up[1, 4, 2] is at m.up.1 [4, 2]"));
  CHECK(SaidOf(element + "[[m.up.1, 4, 2], [both.1, 4, 2]]}\n")
            .starts_with("mlp.up[1, 4, 2] is at both.1 [9, 2] in `hub`, the test says both.1 [4, "
                         "2]"));
}

TEST_CASE("an element is nowhere for a reason") {
  const auto nowhere = [](const std::string& indices, const std::string& layout) {
    return SaidOf("  - {sizes: {L: 2, I: 5, H: 3}, element: 'mlp.up[" + indices + "]', " + layout +
                  ": [x]}\n");
  };
  CHECK(nowhere("0, 4, 2", "hub") ==
        "mlp.up[0, 4, 2] is nowhere in `hub`, the test says x []\n"
        "  in `hub` there is no block `mlp` at L = 0: `dense` does not hold\n");
  CHECK(nowhere("1, 4, 2", "bare") ==
        "mlp.up[1, 4, 2] is nowhere in `bare`, the test says x []\n"
        "  in `bare` it has no table for block `mlp`\n");
  CHECK(SaidOf("  - {config: {layers: 2, inner: 5, hidden: 3}, element: 'mlp.up[1, 5, 2]', hub: "
               "[x]}\n") ==
        "mlp.up[1, 5, 2] is nowhere in `hub`, the test says x []\n"
        "  in `hub` index 5 of axis `I` is not below its size, 5\n");
}

TEST_CASE("tests of a base hold for a file that has the same key") {
  MemoryFiles files;
  const std::string tests =
      "tests:\n"
      "  - {sizes: {L: 2, I: 5, H: 3}, element: 'mlp.up[1, 4, 2]', hub: [m.up.1, 4, 2], fused: "
      "[gate_up.1, 9, 2]}\n";
  const auto heir = [&](const std::string& text) {
    files.Put("/rules/base.yaml", "rule-runner: 1\nfamily: base\n" + kRules + tests);
    files.Put("/rules/heir.yaml", "rule-runner: 1\nfamily: heir\nextends: [base]\n" + text);
    RuleTestReport report;
    const std::string said = Said(files, "/rules/heir.yaml", &report);
    return fmt::format("{} {}", report.elements, said);
  };
  CHECK(heir("") == "2 ");
  // Another order under the same key is seen,
  CHECK(heir("blocks: {mlp: {layouts: {fused: {'gate_up.{L}': '{up[I] | gate[I]} H'}}}}\n")
            .starts_with("2 mlp.up[1, 4, 2] is at gate_up.1 [4, 2] in `fused`"));
  // unless the file says so itself;
  CHECK(heir("blocks: {mlp: {layouts: {fused: {'gate_up.{L}': '{up[I] | gate[I]} H'}}}}\n"
             "tests: [{sizes: {L: 2, I: 5, H: 3}, element: 'mlp.up[1, 3, 2]', fused: [gate_up.1, "
             "3, 2]}]\n") == "2 ");
  // another key and another model are another matter.
  CHECK(heir("blocks: {mlp: {layouts: {fused: {'gate_up.{L}': null, 'both.{L}': '{up[I] | gate[I]} "
             "H'}}}}\n") == "1 ");
  CHECK(heir("kinds: {ffn: {dense: L > 1}}\n") == "0 ");
}

}  // namespace
}  // namespace rr
