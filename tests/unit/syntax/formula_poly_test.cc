#include "syntax/formula_poly.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/rule_text.h"

namespace rr {
namespace {

std::string PolyOf(const std::string& text) {
  Diagnostics diagnostics;
  const auto formula = Formula::Parse(SpannedText::FromString(text), &diagnostics);
  REQUIRE(Findings(diagnostics) == "");
  const auto poly = ToPoly(*formula);
  return poly ? poly->ToString() : "none";
}

TEST_CASE("formulas over axes as polynomials") {
  struct Case {
    const char* formula;
    const char* poly;
  };
  for (const Case& c : std::vector<Case>{
           {"I", "I"},
           {"2*I", "2*I"},
           {"(G + 2) * Q * D", "D*G*Q + 2*D*Q"},
           {"C - 1", "C - 1"},
           {"-C", "-C"},
           {"2 * K / 2", "K"},
           {"K * V / V", "K"},
           {"(A*B + B) / B", "A + 1"},
           {"7", "7"},
           {"I - I", "0"},
           {"K / 2", "none"},
           {"K / (A + 1)", "none"},
           {"K / 0", "none"},
           {"K // 2", "none"},
           {"K % 2", "none"},
           {"ceil_div(K, 2)", "none"},
           {"hidden_size", "none"},
           {"2.0 * K", "none"},
           {"K ?? 2", "none"},
           {"9223372036854775807 + 1", "none"},
           {"9223372036854775807 * 2 * I", "none"},
       }) {
    CAPTURE(c.formula);
    CHECK(PolyOf(c.formula) == c.poly);
  }
}

TEST_CASE("a formula that was never read has no polynomial") {
  CHECK_FALSE(ToPoly(Formula()).has_value());
}

}  // namespace
}  // namespace rr
