#include "plan/value_words.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "unit/rule_text.h"

namespace rr {
namespace {

const char* kRules =
    "axes: {H: hidden_size, D: head_dim}\n"
    "layouts: {hub: {}}\n"
    "blocks: {norm: {tensors: {w: H}, layouts: {hub: {norm: H}}}}\n";

// An entry with these words, as a rule file has it.
EntryRule Entry(const std::string& words) {
  Diagnostics diagnostics;
  const auto file = ParseText(
      WithHeader("blocks: {b: {tensors: {w: H}, layouts: {hub: {k: {is: H" + words + "}}}}}"),
      &diagnostics);
  REQUIRE(Findings(diagnostics) == "");
  return file->blocks[0].tables[0].variants[0].entries[0];
}

struct Composed {
  std::optional<ValueOp> op;
  std::string findings;
};

Composed Compose(const std::string& from, const std::string& to, Dtype from_dtype = Dtype::kF32,
                 Dtype to_dtype = Dtype::kF32) {
  const auto rules = GoodRules(kRules);
  const Model model(*rules,
                    Config(Value(Value::Map{{"head_dim", 8},
                                            {"scale", 0.1},
                                            {"zero", 0},
                                            {"huge", 1e39},
                                            {"tiny", 1e-50},
                                            {"name", "x"}})),
                    {});
  Diagnostics diagnostics;
  const EntryRule a = Entry(from), b = Entry(to);
  Composed composed{ComposeValueWords(model, a, b, from_dtype, to_dtype, &diagnostics), ""};
  composed.findings = Findings(diagnostics);
  CHECK(composed.op.has_value() == composed.findings.empty());
  return composed;
}

std::string Steps(const Composed& composed) {
  if (!composed.op) return composed.findings;
  std::string out;
  for (const ValueStep& step : composed.op->steps) {
    const char* sign = step.kind == ValueStep::Kind::kAdd        ? "+"
                       : step.kind == ValueStep::Kind::kMultiply ? "*"
                                                                 : "/";
    out += fmt::format("{}{:a} {} ", sign, step.operand, NameOf(step.compute));
  }
  return out;
}

TEST_CASE("no words: a cast, or nothing") {
  const Composed plain = Compose("", "");
  CHECK(Steps(plain) == "");
  CHECK(Describe(*plain.op) == "");
  CHECK(Describe(*Compose("", "", Dtype::kF32, Dtype::kBF16).op) == "cast F32 to BF16");
}

TEST_CASE("words of one side: there and back") {
  CHECK(Steps(Compose("", ", add: 1")) == "+0x1p+0 F32 ");
  CHECK(Steps(Compose(", add: 1", "")) == "+-0x1p+0 F32 ");
  CHECK(Steps(Compose("", ", multiply: 4")) == "*0x1p+2 F32 ");
  CHECK(Steps(Compose(", multiply: 4", "")) == "/0x1p+2 F32 ");
  CHECK(Steps(Compose(", multiply: 4, back: 1 / 4.0", "")) == "*0x1p-2 F32 ");
  CHECK(Steps(Compose("", ", multiply: 4, add: 1")) == "*0x1p+2 F32 +0x1p+0 F32 ");
  CHECK(Steps(Compose(", multiply: 4, add: 1", "")) == "+-0x1p+0 F32 /0x1p+2 F32 ");
  CHECK(Steps(Compose(", add: 1", ", multiply: 2")) == "+-0x1p+0 F32 *0x1p+1 F32 ");
  CHECK(Describe(*Compose(", multiply: 4, add: 1", "", Dtype::kBF16, Dtype::kF32).op) ==
        "add -1, divide by 4, cast BF16 to F32");
}

TEST_CASE("equal words on both sides go out, others do not") {
  CHECK(Steps(Compose(", add: 1", ", add: 1")) == "");
  CHECK(Steps(Compose(", multiply: sqrt(D)", ", multiply: sqrt(D)")) == "");
  CHECK(Steps(Compose(", add: 1", ", add: 1, in: bf16")) == "+-0x1p+0 F32 +0x1p+0 F32 ");
  CHECK(Steps(Compose(", add: 1", ", add: 2")) == "+-0x1p+0 F32 +0x1p+1 F32 ");
}

// float32(0.1) and bfloat16(0.1); float32(sqrt(8)).
TEST_CASE("factors are rounded where the word says") {
  CHECK(Steps(Compose("", ", multiply: scale")) == "*0x1.99999ap-4 F32 ");
  CHECK(Steps(Compose("", ", multiply: scale, in: bf16")) == "*0x1.9ap-4 F32 ");
  CHECK(Steps(Compose("", ", multiply: sqrt(D)")) ==
        fmt::format("*{:a} F32 ", static_cast<double>(static_cast<float>(std::sqrt(8.0)))));
  CHECK(Steps(Compose("", ", add: 1 + 1 / 256.0, in: bf16")) == "+0x1p+0 F32 ");  // a tie: to even
  CHECK(Steps(Compose("", ", add: 1 + 3 / 256.0, in: bf16")) ==
        "+0x1.04p+0 F32 ");  // a tie: to even
  CHECK(Steps(Compose("", ", add: 1 + 5 / 1024.0, in: bf16")) == "+0x1.02p+0 F32 ");
}

TEST_CASE("F64 on either side is computed in F64") {
  CHECK(Steps(Compose("", ", add: 1", Dtype::kF64, Dtype::kF32)) == "+0x1p+0 F64 ");
  CHECK(Steps(Compose("", ", add: 1", Dtype::kF32, Dtype::kF64)) == "+0x1p+0 F64 ");
  CHECK(Steps(Compose("", ", add: 1", Dtype::kBF16, Dtype::kF16)) == "+0x1p+0 F32 ");
}

TEST_CASE("factors that are no numbers") {
  CHECK(Steps(Compose("", ", add: missing")) ==
        "RR210 `missing` `missing` is no number: `missing` is unknown");
  CHECK(Steps(Compose("", ", add: name")) == "RR210 `name` `name` is no number: \"x\"");
  CHECK(Steps(Compose("", ", multiply: huge")) ==
        "RR210 `huge` `huge` is no number: 1e+39 is beyond F32");
  const std::string zero = "multiplying by zero cannot be undone";
  CHECK(Steps(Compose(", multiply: zero", "")) == "RR210 `zero` " + zero);
  CHECK(Steps(Compose("", ", multiply: zero")) == "RR210 `zero` " + zero);
  CHECK(Steps(Compose(", multiply: tiny", "")) == "RR210 `tiny` " + zero);
  CHECK(Steps(Compose(", multiply: 2, back: zero", "")) == "RR210 `zero` " + zero);
}

TEST_CASE("equal ops") {
  CHECK(SameOp(*Compose("", ", add: 1").op, *Compose("", ", add: 1").op));
  CHECK_FALSE(SameOp(*Compose("", ", add: 1").op, *Compose("", ", add: 2").op));
  CHECK_FALSE(SameOp(*Compose("", ", add: 1").op, *Compose("", ", multiply: 1").op));
  CHECK_FALSE(SameOp(*Compose("", "").op, *Compose("", "", Dtype::kF32, Dtype::kBF16).op));
  CHECK_FALSE(
      SameOp(*Compose("", ", add: 1").op, *Compose("", ", add: 1", Dtype::kF64, Dtype::kF32).op));
}

}  // namespace
}  // namespace rr
