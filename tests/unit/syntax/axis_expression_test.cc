#include "syntax/axis_expression.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/rule_text.h"

namespace rr {
namespace {

AxisExpr Parsed(const std::string& text) {
  Diagnostics diagnostics;
  const auto expr = ParseAxisExpr(SpannedText::FromString(text), &diagnostics);
  CHECK(Findings(diagnostics) == "");
  REQUIRE(expr.has_value());
  return *expr;
}

std::string FaultOf(const std::string& text) {
  Diagnostics diagnostics;
  const auto expr = ParseAxisExpr(SpannedText::FromString(text), &diagnostics);
  CHECK_FALSE(expr.has_value());
  REQUIRE(diagnostics.all().size() == 1);
  return fmt::format("{} {}", diagnostics.all()[0].place.begin, Findings(diagnostics));
}

// The shape, then each leaf: its tensor with the offset per dimension, its axes as
// axis@dimension*stride.
std::string Expanded(const std::string& text) {
  Diagnostics diagnostics;
  const auto expanded = Expand(Parsed(text), &diagnostics);
  if (!expanded) return Findings(diagnostics);
  std::vector<std::string> shape;
  for (const Poly& extent : expanded->shape) shape.push_back(extent.ToString());
  std::string out = fmt::format("[{}]", fmt::join(shape, ", "));
  for (const Leaf& leaf : expanded->leaves) {
    std::vector<std::string> offsets;
    for (const Poly& offset : leaf.offsets) offsets.push_back(offset.ToString());
    out += fmt::format("\n{}[{}]", leaf.tensor, fmt::join(offsets, ", "));
    for (const LeafAxis& axis : leaf.axes) {
      out += fmt::format(" {}{}@{}*{}", axis.copies ? "=" : "", axis.axis, axis.dim,
                         axis.stride.ToString());
    }
  }
  return out;
}

TEST_CASE("parse errors: place and words") {
  struct Case {
    const char* text;
    const char* fault;
  };
  for (const Case& c : std::vector<Case>{
           {"E gate", "2 RR201 `gate` `gate` is no axis: axes are Capitalised"},
           {"E Gate[I]",
            "2 RR201 `Gate` `Gate` is no tensor name: tensors are lower case, and begin with a "
            "letter"},
           {"(A B", "4 RR201 `` expected `)`"},
           {"A )", "2 RR201 `)` `)` closes nothing"},
           {"A | B", "2 RR201 `|` `|` closes nothing"},
           {"(A]", "2 RR201 `]` expected `)` before `]`"},
           {"{A | B)", "6 RR201 `)` expected `}` before `)`"},
           {"g[A", "3 RR201 `` expected `]`"},
           {"{A}", "0 RR201 `{A}` a sum needs at least two sides: `{x | y}`"},
           {"E 2*I", "2 RR201 `2` the only number in an axis expression is 1"},
           {"E 12", "2 RR201 `12` the only number in an axis expression is 1"},
           {"E 1x", "2 RR201 `1x` the only number in an axis expression is 1"},
           {"E, H", "1 RR201 `,` `,` is not part of an axis expression"},
           {"E _x", "2 RR201 `_x` `_x` is no axis: axes are Capitalised"},
           {"E =2", "2 RR201 `=2` `2` is no axis"},
           {"E =", "2 RR201 `=` `=` is followed by no axis"},
           {"x", "0 RR201 `x` `x` is no axis: axes are Capitalised"},
       }) {
    CAPTURE(c.text);
    CHECK(FaultOf(c.text) == c.fault);
  }
  CHECK(FaultOf(std::string(40, '(')) == "33 RR201 `(` the expression is nested too deeply");
}

TEST_CASE("an expression that is no UTF-8 word is refused at its first byte") {
  CHECK(FaultOf("E \xc3\x84").starts_with("2 RR201"));
}

TEST_CASE("an unclosed bracket names the one that was opened") {
  Diagnostics diagnostics;
  ParseAxisExpr(SpannedText::FromString("E (A {B | C"), &diagnostics);
  REQUIRE(diagnostics.all().size() == 1);
  REQUIRE(diagnostics.all()[0].notes.size() == 1);
  CHECK(diagnostics.all()[0].notes[0].place.begin == 5);
}

TEST_CASE("names") {
  for (const char* axis : {"E", "Dk", "H'", "H''", "D2", "T_x"}) CHECK(IsAxisName(axis));
  for (const char* other : {"", "'", "e", "1", "E-x", "E'x", "E x"}) CHECK_FALSE(IsAxisName(other));
  for (const char* tensor : {"gate", "w2", "a_b"}) CHECK(IsTensorName(tensor));
  for (const char* other : {"", "Gate", "_x", "gAte", "g'", "2w"}) {
    CHECK_FALSE(IsTensorName(other));
  }
}

TEST_CASE("canonical text") {
  struct Case {
    const char* text;
    const char* canonical;
  };
  for (const Case& c : std::vector<Case>{
           {"E   gate[ I ]\tH", "E gate[I] H"},
           {"((A B))", "(A B)"},
           {"(A)", "A"},
           {"({a[A]|b[B]})", "{a[A] | b[B]}"},
           {"(gate[A B])", "(gate[A B])"},
           {"{ gate[] | up[] }", "{gate[] | up[]}"},
           {"1 H' W", "1 H' W"},
           {" =T k[ = T'  D ]", "=T k[=T' D]"},
           {"", ""},
           {"()", "()"},
       }) {
    CAPTURE(c.text);
    const std::string text = ToString(Parsed(c.text));
    CHECK(text == c.canonical);
    CHECK(ToString(Parsed(text)) == text);
    CHECK(Expanded(text) == Expanded(c.text));
  }
}

TEST_CASE("names in an expression, in the order of the text") {
  const AxisExpr expr = Parsed("E {gate[I] | up[I]} H");
  std::string axes, tensors;
  for (const NamedPlace& axis : AxesIn(expr)) {
    axes += axis.name + " ";
    CHECK(Covered(axis.place) == axis.name);
  }
  for (const NamedPlace& tensor : TensorsIn(expr)) {
    tensors += tensor.name + " ";
    CHECK(Covered(tensor.place) == tensor.name);
  }
  CHECK(axes == "E I I H ");
  CHECK(tensors == "gate up ");
}

TEST_CASE("an axis replaced by dims, at any depth, with the place of the axis") {
  const AxisExpr expr = Parsed("gate[E L] {L | up[(L I)]}");
  CHECK(ToString(ReplaceAxis(expr, "L", Parsed("B J"))) == "gate[E B J] {B J | up[(B J I)]}");
  CHECK(ToString(ReplaceAxis(expr, "L", {})) == "gate[E] { | up[I]}");
  CHECK(ToString(ReplaceAxis(expr, "X", Parsed("B"))) == ToString(expr));
  // Not replaced again in what was put in.
  CHECK(ToString(ReplaceAxis(Parsed("L"), "L", Parsed("L L"))) == "L L");
  for (const NamedPlace& axis : AxesIn(ReplaceAxis(Parsed("E L"), "L", Parsed("Bbb")))) {
    CHECK(Covered(axis.place) == (axis.name == "E" ? "E" : "L"));
  }
}

// The forms of the wild, with every stride and offset.
TEST_CASE("expansion: plain tensors and products") {
  CHECK(Expanded("E I H") == "[E, I, H]\n[0, 0, 0] E@0*1 I@1*1 H@2*1");
  CHECK(Expanded("(G Q D) H") == "[D*G*Q, H]\n[0, 0] G@0*D*Q Q@0*D D@0*1 H@1*1");
  CHECK(Expanded("gate[E L H I]") == "[E, L, H, I]\ngate[0, 0, 0, 0] E@0*1 L@1*1 H@2*1 I@3*1");
  CHECK(Expanded("(G Q q[D]) H") == "[D*G*Q, H]\nq[0, 0] G@0*D*Q Q@0*D D@0*1 H@1*1");
  CHECK(Expanded("D 1 W") == "[D, 1, W]\n[0, 0, 0] D@0*1 W@2*1");
  CHECK(Expanded("s[]") == "[]\ns[]");
  CHECK(Expanded("") == "[]\n[]");
}

TEST_CASE("expansion: fused gate and up, in halves and interleaved") {
  CHECK(Expanded("E {gate[I] | up[I]} H") ==
        "[E, 2*I, H]\n"
        "gate[0, 0, 0] E@0*1 I@1*1 H@2*1\n"
        "up[0, I, 0] E@0*1 I@1*1 H@2*1");
  CHECK(Expanded("E H (I {gate[] | up[]})") ==
        "[E, H, 2*I]\n"
        "gate[0, 0, 0] E@0*1 H@1*1 I@2*2\n"
        "up[0, 0, 1] E@0*1 H@1*1 I@2*2");
}

TEST_CASE("expansion: fused attention") {
  CHECK(Expanded("(G {q[Q D] | k[D] | v[D]}) H") ==
        "[2*D*G + D*G*Q, H]\n"
        "q[0, 0] G@0*2*D + D*Q Q@0*D D@0*1 H@1*1\n"
        "k[D*Q, 0] G@0*2*D + D*Q D@0*1 H@1*1\n"
        "v[D + D*Q, 0] G@0*2*D + D*Q D@0*1 H@1*1");
  CHECK(Expanded("(G {q[Q D] | g[Q D] | k[D] | v[D]}) H") ==
        "[2*D*G + 2*D*G*Q, H]\n"
        "q[0, 0] G@0*2*D + 2*D*Q Q@0*D D@0*1 H@1*1\n"
        "g[D*Q, 0] G@0*2*D + 2*D*Q Q@0*D D@0*1 H@1*1\n"
        "k[2*D*Q, 0] G@0*2*D + 2*D*Q D@0*1 H@1*1\n"
        "v[D + 2*D*Q, 0] G@0*2*D + 2*D*Q D@0*1 H@1*1");
  CHECK(Expanded("(G Q {q[D] | g[D]}) H") ==
        "[2*D*G*Q, H]\n"
        "q[0, 0] G@0*2*D*Q Q@0*2*D D@0*1 H@1*1\n"
        "g[D, 0] G@0*2*D*Q Q@0*2*D D@0*1 H@1*1");
  CHECK(Expanded("{q[G Q D] | k[G D] | v[G D]} H") ==
        "[2*D*G + D*G*Q, H]\n"
        "q[0, 0] G@0*D*Q Q@0*D D@0*1 H@1*1\n"
        "k[D*G*Q, 0] G@0*D D@0*1 H@1*1\n"
        "v[D*G + D*G*Q, 0] G@0*D D@0*1 H@1*1");
}

TEST_CASE("expansion: gated delta net") {
  CHECK(Expanded("(K {q[Dk] | k[Dk] | v[P Dv] | z[P Dv]}) H") ==
        "[2*Dk*K + 2*Dv*K*P, H]\n"
        "q[0, 0] K@0*2*Dk + 2*Dv*P Dk@0*1 H@1*1\n"
        "k[Dk, 0] K@0*2*Dk + 2*Dv*P Dk@0*1 H@1*1\n"
        "v[2*Dk, 0] K@0*2*Dk + 2*Dv*P P@0*Dv Dv@0*1 H@1*1\n"
        "z[2*Dk + Dv*P, 0] K@0*2*Dk + 2*Dv*P P@0*Dv Dv@0*1 H@1*1");
  CHECK(Expanded("(K {b[P] | a[P]}) H") ==
        "[2*K*P, H]\n"
        "b[0, 0] K@0*2*P P@0*1 H@1*1\n"
        "a[P, 0] K@0*2*P P@0*1 H@1*1");
  CHECK(Expanded("{q[K Dk] | k[K Dk] | v[K P Dv]} H") ==
        "[2*Dk*K + Dv*K*P, H]\n"
        "q[0, 0] K@0*Dk Dk@0*1 H@1*1\n"
        "k[Dk*K, 0] K@0*Dk Dk@0*1 H@1*1\n"
        "v[2*Dk*K, 0] K@0*Dv*P P@0*Dv Dv@0*1 H@1*1");
  CHECK(Expanded("{cq[K Dk] | ck[K Dk] | cv[K P Dv]} 1 W") ==
        "[2*Dk*K + Dv*K*P, 1, W]\n"
        "cq[0, 0, 0] K@0*Dk Dk@0*1 W@2*1\n"
        "ck[Dk*K, 0, 0] K@0*Dk Dk@0*1 W@2*1\n"
        "cv[2*Dk*K, 0, 0] K@0*Dv*P P@0*Dv Dv@0*1 W@2*1");
  const std::string block = "2*Dk*Kt + 2*Dv*Kt*P + 2*Kt*P";
  CHECK(Expanded("(T {q[Kt Dk] | k[Kt Dk] | v[Kt P Dv] | z[Kt P Dv] | b[Kt P] | a[Kt P]}) H") ==
        "[2*Dk*Kt*T + 2*Dv*Kt*P*T + 2*Kt*P*T, H]\n"
        "q[0, 0] T@0*" +
            block +
            " Kt@0*Dk Dk@0*1 H@1*1\n"
            "k[Dk*Kt, 0] T@0*" +
            block +
            " Kt@0*Dk Dk@0*1 H@1*1\n"
            "v[2*Dk*Kt, 0] T@0*" +
            block +
            " Kt@0*Dv*P P@0*Dv Dv@0*1 H@1*1\n"
            "z[2*Dk*Kt + Dv*Kt*P, 0] T@0*" +
            block +
            " Kt@0*Dv*P P@0*Dv Dv@0*1 H@1*1\n"
            "b[2*Dk*Kt + 2*Dv*Kt*P, 0] T@0*" +
            block +
            " Kt@0*P P@0*1 H@1*1\n"
            "a[2*Dk*Kt + 2*Dv*Kt*P + Kt*P, 0] T@0*" +
            block + " Kt@0*P P@0*1 H@1*1");
}

TEST_CASE("expansion: rotary halves, folded ranks, sums of refinements") {
  CHECK(Expanded("(D2 Two)") == "[D2*Two]\n[0] D2@0*Two Two@0*1");
  CHECK(Expanded("(Two D2)") == "[D2*Two]\n[0] Two@0*D2 D2@0*1");
  CHECK(Expanded("(E R) H") == "[E*R, H]\n[0, 0] E@0*R R@0*1 H@1*1");
  CHECK(Expanded("{gate[I] | up[I]} (R E)") ==
        "[2*I, E*R]\n"
        "gate[0, 0] I@0*1 R@1*E E@1*1\n"
        "up[I, 0] I@0*1 R@1*E E@1*1");
  CHECK(Expanded("({(B {J | 1}) | Rest})") ==
        "[B + B*J + Rest]\n"
        "[0] B@0*J + 1 J@0*1\n"
        "[J] B@0*J + 1\n"
        "[B + B*J] Rest@0*1");
  CHECK(Expanded("{A | B | C}") == "[A + B + C]\n[0] A@0*1\n[A] B@0*1\n[A + B] C@0*1");
  CHECK(Expanded("{A | } H") == "[A + 1, H]\n[0, 0] A@0*1 H@1*1\n[A, 0] H@1*1");
}

TEST_CASE("expansion: copies are an axis of the stored tensor alone") {
  CHECK(Expanded("(G {q[Q D] | k[=T D]}) H") ==
        "[D*G*Q + D*G*T, H]\n"
        "q[0, 0] G@0*D*Q + D*T Q@0*D D@0*1 H@1*1\n"
        "k[D*Q, 0] G@0*D*Q + D*T =T@0*D D@0*1 H@1*1");
}

TEST_CASE("two tensors cannot be multiplied") {
  CHECK(Expanded("gate[I] up[H]") ==
        "RR205 `up` axes of `gate` and of `up` are multiplied with each other");
  CHECK(Expanded("(gate[I] up[H])") ==
        "RR205 `up` axes of `gate` and of `up` are multiplied with each other");
  CHECK(Expanded("gate[{I | up[I]}]") ==
        "RR205 `up` axes of `gate` and of `up` are multiplied with each other");
  CHECK(Expanded("{gate[I] | up[I]} gate[H]") ==
        "RR205 `gate` axes of `up` and of `gate` are multiplied with each other");
}

TEST_CASE("the size of dims is the size of their product") {
  CHECK(SizeOf(Parsed("(G {q[Q D] | k[D] | v[D]}) H 1")).ToString() == "2*D*G*H + D*G*H*Q");
  CHECK(SizeOf({}).ToString() == "1");
}

// Each factor doubles the leaves: forty of them must be refused, not walked through.
TEST_CASE("an expression of too many leaves is refused") {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "{A | B} ";
  CHECK(Expanded(text) ==
        "RR201 `{A | B}` products over sums give more than 4096 parts of a tensor");
  CHECK(Expanded("(" + text + ")") ==
        "RR201 `{A | B}` products over sums give more than 4096 parts of a tensor");
}

}  // namespace
}  // namespace rr
