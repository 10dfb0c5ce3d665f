// Formulas over config attributes and axes: `num_attention_heads / num_key_value_heads`, `L not in
// (mlp_only_layers ?? [])`.
//
// Grammar (loosest first; grammar/formula.ebnf):
//   formula    := alternative ("??" alternative)*
//   alternative:= disjunction;  disjunction := conjunction ("or" conjunction)*;  conjunction :=
//   negation ("and" negation)* negation   := "not" negation | comparison comparison := sum
//   (("=="|"!="|"<"|"<="|">"|">="|"in"|"not" "in") sum)?         (no chains) sum        := product
//   (("+"|"-") product)*;  product := unary (("*"|"/"|"//"|"%") unary)*;  unary := "-" unary |
//   postfix postfix    := primary ("[" formula "]")* primary    := NUMBER | STRING | NAME | "true"
//   | "false" | "null" | "(" formula ")" | "[" (formula ("," formula)*)? "]"
//               | ("ceil_div"|"min"|"max"|"sqrt"|"len") "(" formula ("," formula)* ")"
// `True`, `False` and `None` are read as in Python. NAME is [A-Za-z_][A-Za-z0-9_]*('*) with dots
// between parts (`vision_config.depth`). Mixing `??` with another binary operator at the same level
// needs parentheses: `a ?? b / c` is refused with the two readings. Operands of ?? that are names,
// indexed names or parenthesised formulas may be absent (unknown name, missing index, null);
// absence anywhere else makes the whole formula absent. `/` is exact: a remainder is an outcome of
// its own, and division by zero an error; dividing when an operand is a double, and sqrt, give
// doubles. `//` floors. Comparison of a number with text is false for == and an error for <.
// `and`/`or`/`not` need true or false (a null counts as false, an unknown name does not), and stop
// at the first that decides. Numbers beyond 63 bits are errors. A formula has at most 1000 nodes
// and 64 levels, so walks of its tree may recurse.
#ifndef RULE_RUNNER_SYNTAX_FORMULA_H_
#define RULE_RUNNER_SYNTAX_FORMULA_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"
#include "base/value.h"

namespace rr {

struct FormulaNode;

class Formula {
 public:
  Formula() = default;

  // nullopt after RR301 at the true place.
  static std::optional<Formula> Parse(const SpannedText& text, Diagnostics* diagnostics);

  // Looks a name up: nullopt when nothing defines it, a null Value when it is defined as null (both
  // count as absent).
  using Lookup = std::function<std::optional<Value>(const std::string& name)>;

  // The outcome of an evaluation: a value, absence (with the first name that was not found), or an
  // error in words.
  struct Outcome {
    enum class Kind { kValue, kAbsent, kError, kInexact } kind = Kind::kAbsent;
    Value value;
    std::string absent_name;  // kAbsent: "head_dim", "layer_types[7]"
    bool is_null = false;     // kAbsent: it is there, but null
    std::string message;      // kError, kInexact: "28 / 3 is not a whole number"
    bool ok() const { return kind == Kind::kValue; }
    // nullptr where it is no yes or no.
    const bool* AsBool() const { return ok() ? value.AsBool() : nullptr; }
  };
  Outcome Evaluate(const Lookup& lookup) const;

  // Every name used, each once, in the order of the text, with its place.
  struct Name {
    std::string name;
    Place place;
  };
  std::vector<Name> Names() const;

  const SpannedText& text() const { return text_; }
  const FormulaNode* root() const { return root_.get(); }
  // When the formula is one bare name, or `name ?? ...`: the names that give its value directly,
  // first first.
  std::vector<std::string> DirectNames() const;

 private:
  SpannedText text_;
  std::shared_ptr<const FormulaNode> root_;
};

// The tree, for those who walk it (polynomials, torch code): immutable.
struct FormulaNode {
  enum class Op {
    kLiteral,
    kName,
    kList,
    kIndex,
    kCoalesce,
    kOr,
    kAnd,
    kNot,
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kIn,
    kNotIn,
    kAdd,
    kSubtract,
    kMultiply,
    kExactDivide,
    kFloorDivide,
    kModulo,
    kNegate,
    kCeilDiv,
    kMin,
    kMax,
    kSqrt,
    kLen,
  };
  Op op = Op::kLiteral;
  Value literal;     // kLiteral
  std::string name;  // kName
  std::vector<std::shared_ptr<const FormulaNode>> operands;
  Place place;
};

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_FORMULA_H_
