#include "run/rule_edits.h"

#include <doctest/doctest.h>

namespace rr {
namespace {

std::string EditsOfText(const std::string& text) {
  Diagnostics diagnostics;
  const auto expr = ParseAxisExpr(SpannedText::FromString(text), &diagnostics);
  REQUIRE(expr);
  std::string edits;
  for (const auto& [what, edited] : ExpressionEdits(*expr))
    edits += ToString(edited) + ": " + what + "\n";
  return edits;
}

TEST_CASE("the usual mistakes of a fused tensor, the likeliest first") {
  CHECK(EditsOfText("E {gate[I] | up[I]} H") ==
        "E {up[I] | gate[I]} H: `gate` and `up` are exchanged\n"
        "{gate[I] | up[I]} E H: dimensions `E` and `{gate[I] | up[I]}` are transposed\n"
        "H {gate[I] | up[I]} E: dimensions `E` and `H` are transposed\n"
        "E H {gate[I] | up[I]}: dimensions `{gate[I] | up[I]}` and `H` are transposed\n"
        "E (I {gate[] | up[]}) H: one part after the other, not interleaved by `I`\n"
        "I {gate[E] | up[I]} H: axes `E` and `I` are exchanged\n"
        "I {gate[I] | up[E]} H: axes `E` and `I` are exchanged\n"
        "E {gate[H] | up[I]} I: axes `I` and `H` are exchanged\n"
        "E {gate[I] | up[H]} I: axes `I` and `H` are exchanged\n");
}

}  // namespace
}  // namespace rr
