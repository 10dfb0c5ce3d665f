#include "syntax/ops.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/rule_text.h"

namespace rr {
namespace {

// The entry of a long form as the rule file parser lowers it: expression, then each result's dims.
std::string Lowered(const std::string& long_form, const std::string& tensors = "w: H") {
  Diagnostics diagnostics;
  const auto file = ParseText(WithHeader("blocks: {b: {tensors: {" + tensors +
                                         "}, layouts: {hub: {k: " + long_form + "}}}}"),
                              &diagnostics);
  REQUIRE(file.has_value());
  if (diagnostics.HasErrors()) return Findings(diagnostics);
  const EntryRule& entry = file->blocks[0].tables[0].variants[0].entries.at(0);
  std::string out = ToString(entry.expr);
  for (const auto& [tensor, dims] : entry.ops_results) {
    out += fmt::format("; {}[{}]", tensor, fmt::join(dims, " "));
  }
  return out;
}

TEST_CASE("no ops: the shape itself") {
  CHECK(Lowered("{shape: [I, H]}") == "w[I H]; [I H]");
  CHECK(Lowered("{shape: [I, 1, H]}") == "w[I 1 H]; [I 1 H]");
  CHECK(Lowered("{shape: []}") == "w[]; []");
}

TEST_CASE("permute: the stored tensor keeps its order, the result has the new one") {
  CHECK(Lowered("{shape: [E, I, H], ops: [{permute: [E, H, I]}]}") == "w[E I H]; [E H I]");
}

TEST_CASE("split: a sum of tensors") {
  CHECK(Lowered("{shape: [E, H, 2*I], ops: [{permute: [E, 2*I, H]}, {split: {dim: 1, into: {gate: "
                "I, up: I}}}]}",
                "gate: H, up: H") == "E H {gate[I] | up[I]}; gate[E I H]; up[E I H]");
}

TEST_CASE("reshape: one dimension opens, several join, a shared one opens once") {
  CHECK(Lowered("{shape: [G*Q*D, H], ops: [{reshape: [G, Q, D, H]}]}") ==
        "w[(G Q D) H]; [G Q D H]");
  CHECK(Lowered("{shape: [H, G*D], ops: [{reshape: [H, G, D]}, {permute: [G, D, H]}]}") ==
        "w[H (G D)]; [G D H]");
  CHECK(Lowered("{shape: [G, D, H], ops: [{reshape: [G*D, H]}, {reshape: [G, D, H]}]}") ==
        "w[G D H]; [G D H]");
  CHECK(Lowered("{shape: [(Q + 2)*G*D, H], ops: [{reshape: [G, 'X: (Q + 2)*D', H]}, "
                "{split: {dim: 1, into: {q: Q*D, k: D, v: D}}}, {reshape: [G, Q, D, H], of: q}]}",
                "q: H, k: H, v: H") ==
        "(G {q[(Q D)] | k[D] | v[D]}) H; q[G Q D H]; k[G D H]; v[G D H]");
}

TEST_CASE("interleaved halves: a split of an opened dimension") {
  CHECK(Lowered("{shape: [2*I, H], ops: [{reshape: [I, 'Two: 2', H]}, {split: {dim: 1, into: "
                "{gate: 1, up: 1}}}]}",
                "gate: H, up: H") == "(I {gate[1] | up[1]}) H; gate[I 1 H]; up[I 1 H]");
}

TEST_CASE("stack and concat name what the key holds, or what a dimension is") {
  CHECK(Lowered("{shape: [I, H], ops: [{stack: {dim: 0, axis: E}}]}") == "w[I H]; [E I H]");
  CHECK(Lowered("{shape: [I, H], ops: [{stack: {dim: 2, axis: E}}]}") == "w[I H]; [I H E]");
}

TEST_CASE("the long form is the short form") {
  const char* text =
      "axes: {{E: e, I: i, H: h}}\nlayouts: {{a: {{}}}}\nblocks: {{b: {{tensors: {{gate: 'E : I <- "
      "H', up: 'E : I <- H'}}, "
      "layouts: {{a: {{x: {}}}}}}}}}\n";
  const auto ops = GoodRules(fmt::format(fmt::runtime(text),
                                         "{shape: [E, H, 2*I], ops: [{permute: [E, 2*I, H]}, "
                                         "{split: {dim: 1, into: {gate: I, up: I}}}]}"));
  const auto is = GoodRules(fmt::format(fmt::runtime(text), "'E H {gate[I] | up[I]}'"));
  CHECK(ops->layouts[0].entries[0].Signature() == is->layouts[0].entries[0].Signature());
  CHECK(ops->layouts[0].entries[0].shape == is->layouts[0].entries[0].shape);
}

TEST_CASE("faults") {
  struct Case {
    const char* text;
    const char* code;
    const char* words;  // a part of the message
  };
  for (const Case& c : std::vector<Case>{
           {"{shape: [E, I], ops: [{permute: [E, H]}]}", "RR208", "has no dimension `H`"},
           {"{shape: [E, I], ops: [{permute: [E]}]}", "RR208", "permute names 1 dimensions"},
           {"{shape: [I, I], ops: [{permute: [I, I]}]}", "RR208", "could be dimension 0 or 1"},
           {"{shape: [E*I], ops: [{reshape: [E, H]}]}", "RR208", "cannot be reshaped"},
           {"{shape: [E, I], ops: [{reshape: [E]}]}", "RR208", "cannot be reshaped"},
           {"{shape: [2*I], ops: [{split: {dim: 0, into: {gate: I, up: H}}}]}", "RR208",
            "the parts add up to"},
           {"{shape: [2*I], ops: [{split: {dim: 1, into: {gate: I, up: I}}}]}", "RR208",
            "there is no dimension 1"},
           {"{shape: [2*I], ops: [{split: {dim: -1, into: {gate: I, up: I}}}]}", "RR208",
            "there is no dimension -1"},
           {"{shape: [2*I], ops: [{split: {dim: 0, into: {gate: I}}}]}", "RR208",
            "two or more parts"},
           {"{shape: [I], ops: [{permute: [I], of: gate}]}", "RR208", "no split has made `gate`"},
           {"{shape: [I], ops: [{stack: {dim: 2, axis: E}}]}", "RR208",
            "there is no dimension 2 to stack at"},
           {"{shape: [2*I]}", "RR208", "is no axis and no op opens it"},
           {"{shape: [I // 2]}", "RR208", "is not a size made of axes"},
           {"{shape: [I +]}", "RR301", ""},
           {"{shape: [4*I], ops: [{split: {dim: 0, into: {gate: 2*I, up: 2*I}}}]}", "RR208",
            "no op opens it"},
           {"{shape: [A*B, C], ops: [{reshape: [A*B*C]}, {reshape: [A, B*C]}]}", "RR208",
            "cannot be cut across"},
           {"{shape: [I], ops: [{turn: [I]}]}", "RR003", "there is no op `turn`"},
           {"{shape: [I], ops: {permute: [I]}}", "RR004", "`ops` is a list"},
           {"{ops: [{permute: [I]}]}", "RR005", "`ops` needs the stored `shape`"},
           {"{is: I, ops: []}", "RR208", "not by both"},
           {"{shape: [I], ops: [{stack: {axis: E}}]}", "RR005", "needs `dim`"},
           {"{shape: [I], ops: [{stack: {dim: 0, axis: e}}]}", "RR208", "is no axis"},
       }) {
    CAPTURE(std::string(c.text));
    const std::string found = Lowered(c.text);
    CAPTURE(found);
    CHECK(found.starts_with(c.code));
    CHECK(found.find(c.words) != std::string::npos);
    CHECK(found.find('\n') == std::string::npos);
  }
}

}  // namespace
}  // namespace rr
