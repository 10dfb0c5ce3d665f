// What formulas do with values: whole numbers stay whole, or the outcome says why they cannot.
#ifndef RULE_RUNNER_SYNTAX_FORMULA_ARITHMETIC_H_
#define RULE_RUNNER_SYNTAX_FORMULA_ARITHMETIC_H_

#include <string>

#include "base/value.h"
#include "syntax/formula.h"

namespace rr {

Formula::Outcome ValueOutcome(Value value);
Formula::Outcome ErrorOutcome(std::string message);

bool IsNumber(const Value& value);
// The error of a value where a number is expected.
Formula::Outcome NotANumber(const Value& value);

// 3 == 3.0; lists item by item; values of different types differ.
bool Equal(const Value& a, const Value& b);
// < <= > >= of two numbers or two texts, else an error.
Formula::Outcome Order(FormulaNode::Op op, const Value& a, const Value& b);
// + - * / // % and ceil_div. Errors: no number, division by zero, beyond 63 bits; kInexact: a
// remainder of `/`.
Formula::Outcome Arithmetic(FormulaNode::Op op, const Value& a, const Value& b);
Formula::Outcome SquareRoot(const Value& value);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_FORMULA_ARITHMETIC_H_
