#include "syntax/formula.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <limits>
#include <map>
#include <string>

namespace rr {
namespace {

using Attributes = std::map<std::string, Value>;

// What a parsed formula gives: JSON, "absent NAME", "null NAME", "error: ..." or "inexact: ...".
std::string Eval(const std::string& text, const Attributes& attributes = {}) {
  Diagnostics diagnostics;
  const std::optional<Formula> formula =
      Formula::Parse(SpannedText::FromString(text), &diagnostics);
  if (!formula) return "refused: " + diagnostics.all().at(0).message;
  const Formula::Outcome outcome =
      formula->Evaluate([&](const std::string& name) -> std::optional<Value> {
        const auto found = attributes.find(name);
        if (found == attributes.end()) return std::nullopt;
        return found->second;
      });
  switch (outcome.kind) {
    case Formula::Outcome::Kind::kValue:
      return ToJson(outcome.value);
    case Formula::Outcome::Kind::kAbsent:
      return (outcome.is_null ? "null " : "absent ") + outcome.absent_name;
    case Formula::Outcome::Kind::kError:
      return "error: " + outcome.message;
    case Formula::Outcome::Kind::kInexact:
      return "inexact: " + outcome.message;
  }
  return "";
}

// "4-7 message (help)" of the one finding, in bytes of the text.
std::string Refused(const std::string& text) {
  Diagnostics diagnostics;
  const std::optional<Formula> formula =
      Formula::Parse(SpannedText::FromString(text), &diagnostics);
  CHECK_FALSE(formula);
  REQUIRE(diagnostics.all().size() == 1);
  const Diagnostic& found = diagnostics.all()[0];
  CHECK(found.code == Code::kBadFormula);
  const std::string help = found.help.empty() ? "" : fmt::format(" ({})", found.help);
  return fmt::format("{}-{} {}{}", found.place.begin, found.place.end, found.message, help);
}

Value::List Numbers(std::initializer_list<int> numbers) {
  Value::List list;
  for (const int n : numbers) list.emplace_back(n);
  return list;
}

TEST_CASE("precedence and grouping") {
  CHECK(Eval("1 + 2 * 3") == "7");
  CHECK(Eval("(1 + 2) * 3") == "9");
  CHECK(Eval("10 - 4 - 3") == "3");
  CHECK(Eval("24 / 4 / 2") == "3");
  CHECK(Eval("7 // 2 * 2") == "6");
  CHECK(Eval("-2 * -3") == "6");
  CHECK(Eval("--2") == "2");
  CHECK(Eval("1 + 2 == 3 and not 1 > 2 or false") == "true");
  CHECK(Eval("true or false and false") == "true");
  CHECK(Eval("not true or true") == "true");
  CHECK(Eval("not 1 == 2") == "true");
  CHECK(Eval(" [1,2 , [] ,'a\"b', \"it's\"] ") == R"([1, 2, [], "a\"b", "it's"])");
  CHECK(Eval("[True, False, true, false]") == "[true, false, true, false]");
}

TEST_CASE("whole numbers") {
  CHECK(Eval("28 / 7") == "4");
  CHECK(Eval("28 / 3") == "inexact: 28 / 3 is not a whole number");
  CHECK(Eval("-7 // 2") == "-4");
  CHECK(Eval("7 // -2") == "-4");
  CHECK(Eval("-7 // -2") == "3");
  CHECK(Eval("-7 % 2") == "1");
  CHECK(Eval("7 % -2") == "-1");
  CHECK(Eval("-7 % -2") == "-1");
  CHECK(Eval("-6 % 2") == "0");
  CHECK(Eval("ceil_div(7, 2)") == "4");
  CHECK(Eval("ceil_div(-7, 2)") == "-3");
  CHECK(Eval("ceil_div(8, 2)") == "4");
  CHECK(Eval("min(3, 1, 2)") == "1");
  CHECK(Eval("max(3)") == "3");
  CHECK(Eval("1 / 0") == "error: 1 / 0 divides by zero");
  CHECK(Eval("7 % 0") == "error: 7 % 0 divides by zero");
  CHECK(Eval("7 // 0.0") == "error: 7 // 0.0 divides by zero");
  CHECK(Eval("ceil_div(7, 0)") == "error: ceil_div(7, 0) divides by zero");
}

TEST_CASE("whole numbers end at 63 bits") {
  const Attributes attributes = {{"least", std::numeric_limits<int64_t>::min()}};
  CHECK(Eval("9223372036854775807") == "9223372036854775807");
  CHECK(Eval("9223372036854775807 + 1") == "error: 9223372036854775807 + 1 is too large");
  CHECK(Eval("3037000500 * 3037000500") == "error: 3037000500 * 3037000500 is too large");
  CHECK(Eval("-9223372036854775807 - 1") == "-9223372036854775808");
  CHECK(Eval("least - 1", attributes) == "error: -9223372036854775808 - 1 is too large");
  CHECK(Eval("-least", attributes) == "error: 0 - -9223372036854775808 is too large");
  CHECK(Eval("least // -1", attributes) == "error: -9223372036854775808 // -1 is too large");
  CHECK(Eval("least / -1", attributes) == "error: -9223372036854775808 / -1 is too large");
  CHECK(Eval("least % -1", attributes) == "0");
  CHECK(Eval("least % 9223372036854775807", attributes) == "9223372036854775806");
  // Not through doubles, which cannot tell these apart.
  CHECK(Eval("9007199254740993 == 9007199254740992") == "false");
  CHECK(Eval("9007199254740993 > 9007199254740992") == "true");
  CHECK(Eval("max(9007199254740992, 9007199254740993)") == "9007199254740993");
}

TEST_CASE("doubles") {
  CHECK(Eval("1.5 + 1") == "2.5");
  CHECK(Eval("1e3") == "1000.0");
  CHECK(Eval("7 / 2.0") == "3.5");
  CHECK(Eval("7.5 // 2") == "3.0");
  CHECK(Eval("-7.5 % 2") == "0.5");
  CHECK(Eval("7.5 % -2") == "-0.5");
  CHECK(Eval("sqrt(16)") == "4.0");
  CHECK(Eval("len([])") == "0");
  CHECK(Eval("len([4, [5, 6]])") == "2");
  CHECK(Eval("len('M*E')") == "3");
  CHECK(Eval("len(7)") == "error: only a list or a text has a length, found a whole number");
  CHECK(Eval("len(nothing) ?? 9") == "9");
  CHECK(Eval("sqrt(-1)") == "error: sqrt(-1) is no real number");
  CHECK(Eval("3 == 3.0") == "true");
  CHECK(Eval("min(1.5, 1)") == "1");
  CHECK(Eval("-1.5") == "-1.5");
  const Attributes attributes = {{"nan", std::numeric_limits<double>::quiet_NaN()}};
  CHECK(Eval("nan <= 1", attributes) == "false");
  CHECK(Eval("nan == nan", attributes) == "false");
}

TEST_CASE("comparisons") {
  CHECK(Eval("'a' == 'a'") == "true");
  CHECK(Eval("'a' < 'b'") == "true");
  CHECK(Eval("1 == 'a'") == "false");
  CHECK(Eval("1 != 'a'") == "true");
  CHECK(Eval("1 < 'a'") == R"(error: 1 < "a" compares a whole number with text)");
  CHECK(Eval("true == 1") == "false");
  CHECK(Eval("[1, 2.0] == [1.0, 2]") == "true");
  CHECK(Eval("[1] == [1, 2]") == "false");
  CHECK(Eval("2 in [1, 2]") == "true");
  CHECK(Eval("2 not in [1, 2]") == "false");
  CHECK(Eval("'a' in ['b']") == "false");
  CHECK(Eval("1 in []") == "false");
  CHECK(Eval("'a' in 'abc'") == "error: `in` of a text needs a whole number, found text");
  CHECK(Eval("1 in 2") == "error: `in` needs a list, found a whole number");
}

TEST_CASE("a text of whole numbers is a list of them") {
  CHECK(Eval("12 in '3,4, 12 '") == "true");
  CHECK(Eval("2 in '3,4,12'") == "false");
  CHECK(Eval("2 not in '3,4,12'") == "true");
  CHECK(Eval("2 in '2,'") == R"(error: "2," is not whole numbers with commas)");
  CHECK(Eval("2 in ''") == R"(error: "" is not whole numbers with commas)");
  CHECK(Eval("2 in '2 3'") == R"(error: "2 3" is not whole numbers with commas)");
}

TEST_CASE("types are errors, not guesses") {
  CHECK(Eval("'a' + 1") == R"(error: "a" is text, where a number is expected)");
  CHECK(Eval("1 + true") == "error: true is true or false, where a number is expected");
  CHECK(Eval("-'a'") == R"(error: "a" is text, where a number is expected)");
  CHECK(Eval("min(1, [])") == "error: [] is a list, where a number is expected");
  CHECK(Eval("not 1") == "error: 1 is a whole number, where true or false is expected");
  CHECK(Eval("true and 'x'") == R"(error: "x" is text, where true or false is expected)");
  CHECK(Eval("'abc'[0]") == R"("a")");
  CHECK(Eval("'abc'[2] == 'c'") == "true");
  CHECK(Eval("'abc'[3] ?? 'none'") == R"("none")");
  CHECK(Eval("5[0]") == "error: only a list or a text has items, found a whole number");
  CHECK(Eval("[1]['a']") == R"(error: an index is a whole number, found "a")");
}

TEST_CASE("and, or and ?? stop at the first that decides") {
  CHECK(Eval("false and 1 / 0 == 1") == "false");
  CHECK(Eval("true or unknown") == "true");
  CHECK(Eval("1 ?? (1 / 0)") == "1");
  CHECK(Eval("(1 / 0) ?? 1") == "error: 1 / 0 divides by zero");
  CHECK(Eval("(28 / 3) ?? 1") == "inexact: 28 / 3 is not a whole number");
}

TEST_CASE("absence") {
  const Attributes attributes = {{"n", Value()},
                                 {"h", 64},
                                 {"list", Numbers({3, 4})},
                                 {"holes", Value::List{Value(), Value(5)}},
                                 {"vision_config.depth", 27},
                                 {"H'", 8}};
  CHECK(Eval("head_dim", attributes) == "absent head_dim");
  CHECK(Eval("n", attributes) == "null n");
  CHECK(Eval("null", attributes) == "null null");
  CHECK(Eval("head_dim ?? h", attributes) == "64");
  CHECK(Eval("n ?? head_dim ?? h", attributes) == "64");
  CHECK(Eval("n ?? head_dim", attributes) == "null n");
  CHECK(Eval("head_dim ?? n", attributes) == "absent head_dim");
  CHECK(Eval("head_dim ?? (h / 4)", attributes) == "16");
  CHECK(Eval("head_dim ?? -1", attributes) == "-1");
  CHECK(Eval("(head_dim * 2) ?? 1", attributes) == "1");
  CHECK(Eval("head_dim * 2 + h", attributes) == "absent head_dim");
  CHECK(Eval("h + n", attributes) == "null n");
  CHECK(Eval("[h, head_dim]", attributes) == "absent head_dim");
  CHECK(Eval("max(h, head_dim)", attributes) == "absent head_dim");
  CHECK(Eval("2 not in (mlp_only_layers ?? [])", attributes) == "true");
  CHECK(Eval("list[1]", attributes) == "4");
  CHECK(Eval("list[2]", attributes) == "absent list[2]");
  CHECK(Eval("list[-1]", attributes) == "absent list[-1]");
  CHECK(Eval("list[7] ?? 1", attributes) == "1");
  CHECK(Eval("holes[0]", attributes) == "null holes[0]");
  CHECK(Eval("[[1], [2, 3]][1][0]", attributes) == "2");
  CHECK(Eval("none[0]", attributes) == "absent none");
  CHECK(Eval("vision_config.depth + H'", attributes) == "35");
}

TEST_CASE("a null is false, an unknown name is not") {
  const Attributes attributes = {{"n", Value()}, {"t", true}};
  CHECK(Eval("not n", attributes) == "true");
  CHECK(Eval("n or t", attributes) == "true");
  CHECK(Eval("t and n", attributes) == "false");
  CHECK(Eval("not null", attributes) == "true");
  CHECK(Eval("not unknown", attributes) == "absent unknown");
  CHECK(Eval("unknown or t", attributes) == "absent unknown");
  CHECK(Eval("not (unknown ?? false)", attributes) == "true");
}

TEST_CASE("?? beside another operator must say which it means") {
  CHECK(Refused("a ?? b / c") ==
        "0-10 `??` beside another operator needs parentheses: `a ?? (b / c)` or `(a ?? b) / c`");
  CHECK(Refused("a / b ?? c") ==
        "0-10 `??` beside another operator needs parentheses: `(a / b) ?? c` or `a / (b ?? c)`");
  CHECK(Refused("x + a[0] ?? b ?? c * 2") ==
        "0-22 `??` beside another operator needs parentheses: `(x + a[0]) ?? b ?? c * 2` or `x + "
        "(a[0] ?? b) ?? c * 2`");
  CHECK(Refused("a ?? b or c") ==
        "0-11 `??` beside another operator needs parentheses: `a ?? (b or c)` or `(a ?? b) or c`");
  CHECK(Refused("not a ?? b") ==
        "0-10 `??` beside another operator needs parentheses: `(not a) ?? b` or `not (a ?? b)`");
  CHECK(Refused("t[L] == 'f' ?? L % C == C - 1") ==
        "0-29 `??` beside another operator needs parentheses: `(t[L] == 'f') ?? L % C == C - 1` or "
        "`t[L] == ('f' ?? L) % C == C - 1`");
  CHECK(
      Refused("1 + (a ?? (b) * c)") ==
      "5-17 `??` beside another operator needs parentheses: `a ?? ((b) * c)` or `(a ?? (b)) * c`");
  CHECK(Eval("(t ?? 2) / 2") == "1");
  CHECK(Eval("t ?? (4) ?? (6 / 2)") == "4");
}

TEST_CASE("faults at their byte, with what was expected") {
  CHECK(Refused("") == "0-0 expected a value, found the end of the formula");
  CHECK(Refused("a + ") == "4-4 expected a value, found the end of the formula");
  CHECK(Refused("a b") == "2-3 expected an operator or the end of the formula, found `b`");
  CHECK(Refused("(a") == "2-2 expected `)`, found the end of the formula");
  CHECK(Refused("a[0") == "3-3 expected `]`, found the end of the formula");
  CHECK(Refused("[a b]") == "3-4 expected `,` or `]`, found `b`");
  CHECK(Refused("[a,]") == "3-4 expected a value, found `]`");
  CHECK(Refused("a + * b") == "4-5 expected a value, found `*`");
  CHECK(Refused("a )") == "2-3 expected an operator or the end of the formula, found `)`");
  CHECK(Refused("a not b") == "6-7 expected `in` after `not`, found `b`");
  CHECK(Refused("a + not b") == "4-7 expected a value, found `not`");
  CHECK(Refused("and a") == "0-3 expected a value, found `and`");
  CHECK(Refused("a < b < c") == "6-7 comparisons do not chain (write `a < b and b < c`)");
  CHECK(Refused("a in b not in c") == "7-10 comparisons do not chain (write `a < b and b < c`)");
  CHECK(Refused("a == 'b") == "5-7 this text has no closing quote");
  CHECK(Refused("a \"") == "2-3 this text has no closing quote");
  CHECK(Refused("1x") == "0-2 `1x` is no number");
  CHECK(Refused("0x10") == "0-4 `0x10` is no number");
  CHECK(Refused("1e999") == "0-5 `1e999` is no number");
  CHECK(Refused("9223372036854775808") ==
        "0-19 `9223372036854775808` is too large for a whole number");
  CHECK(Refused("a = b") ==
        "2-3 expected an operator or the end of the formula, found `=` (equality is written `==`)");
  CHECK(Refused("a && b") ==
        "2-4 expected an operator or the end of the formula, found `&&` (write `and`)");
  CHECK(Refused("!a") == "0-1 expected a value, found `!` (write `not`)");
  CHECK(Refused("a ÷ b") == "2-4 expected an operator or the end of the formula, found `÷`");
}

TEST_CASE("functions") {
  CHECK(Refused("sqr(2)") == "0-3 there is no function `sqr` (did you mean `sqrt`?)");
  CHECK(
      Refused("1 + gamma_log(2)") ==
      "4-13 there is no function `gamma_log` (the functions are ceil_div, len, max, min and sqrt)");
  CHECK(Refused("sqrt(1, 2)") == "0-10 `sqrt` takes 1 argument, here are 2");
  CHECK(Refused("ceil_div(1)") == "0-11 `ceil_div` takes 2 arguments, here are 1");
  CHECK(Refused("min()") == "0-5 `min` takes at least 1 argument, here are 0");
  CHECK(Eval("max + 1", {{"max", 4}}) == "5");
}

TEST_CASE("size is bounded") {
  const auto repeat = [](const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  CHECK(Eval(repeat("(", 63) + "1" + repeat(")", 63)) == "1");
  CHECK(Refused(repeat("(", 64) + "1" + repeat(")", 64)) ==
        "64-65 the formula is nested deeper than 64");
  CHECK(Refused(repeat("[", 100'000)).find("nested deeper than 64") != std::string::npos);
  CHECK(Refused(repeat("not ", 100'000)).find("nested deeper than 64") != std::string::npos);
  CHECK(Refused(repeat("-", 100'000)).find("nested deeper than 64") != std::string::npos);
  CHECK(Eval("0" + repeat("+1", 499)) == "499");
  CHECK(Refused("0" + repeat("+1", 100'000)).find("the formula has more than 1000 parts") !=
        std::string::npos);
}

TEST_CASE("names and places") {
  Diagnostics diagnostics;
  const auto parse = [&](const std::string& text) {
    return *Formula::Parse(SpannedText::FromString(text), &diagnostics);
  };
  std::string shown;
  for (const Formula::Name& name : parse("b + (a.c ?? x[L]) * b - min(H', 2)").Names()) {
    shown += fmt::format("{} {}-{}, ", name.name, name.place.begin, name.place.end);
  }
  CHECK(shown == "b 0-1, a.c 5-8, x 12-13, L 14-15, H' 28-30, ");

  using Names = std::vector<std::string>;
  CHECK(parse("a").DirectNames() == Names{"a"});
  CHECK(parse("(a)").DirectNames() == Names{"a"});
  CHECK(parse("a ?? b ?? 3").DirectNames() == Names{"a", "b"});
  CHECK(parse("a ?? (b / c) ?? d[0]").DirectNames() == Names{"a"});
  CHECK(parse("a + b").DirectNames().empty());
  CHECK(parse("3").DirectNames().empty());

  const Formula formula = parse("(a + b) * c");
  CHECK(formula.root()->op == FormulaNode::Op::kMultiply);
  CHECK(formula.root()->place.begin == 0);
  CHECK(formula.root()->place.end == 11);
  CHECK(formula.root()->operands[0]->place.begin == 1);
  CHECK(formula.root()->operands[0]->place.end == 6);
  CHECK(diagnostics.all().empty());
  CHECK_FALSE(Formula().Evaluate({}).ok());
}

}  // namespace
}  // namespace rr
