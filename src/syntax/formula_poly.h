// A formula over axes as a polynomial, where it is one.
#ifndef RULE_RUNNER_SYNTAX_FORMULA_POLY_H_
#define RULE_RUNNER_SYNTAX_FORMULA_POLY_H_

#include <optional>

#include "base/poly.h"
#include "syntax/formula.h"

namespace rr {

// nullopt when the formula is not made of whole numbers, axis names, + - * and exact division that
// goes out symbolically.
std::optional<Poly> ToPoly(const Formula& formula);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_FORMULA_POLY_H_
