#include "syntax/formula_poly.h"

#include "syntax/axis_expression.h"

namespace rr {
namespace {

using Op = FormulaNode::Op;

std::optional<Poly> Walk(const FormulaNode& node) {
  if (node.op == Op::kLiteral) {
    const int64_t* n = node.literal.AsInt();
    if (n == nullptr) return std::nullopt;
    return Poly::Constant(*n);
  }
  if (node.op == Op::kName) {
    if (!IsAxisName(node.name)) return std::nullopt;
    return Poly::Axis(node.name);
  }
  std::vector<Poly> operands;
  for (const auto& operand : node.operands) {
    std::optional<Poly> poly = Walk(*operand);
    if (!poly) return std::nullopt;
    operands.push_back(std::move(*poly));
  }
  switch (node.op) {
    case Op::kAdd:
      return operands[0] + operands[1];
    case Op::kSubtract:
      return operands[0] - operands[1];
    case Op::kMultiply:
      return operands[0] * operands[1];
    case Op::kExactDivide:
      return operands[0].DividedBy(operands[1]);
    case Op::kNegate:
      return Poly() - operands[0];
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Poly> ToPoly(const Formula& formula) {
  if (formula.root() == nullptr) return std::nullopt;
  std::optional<Poly> poly = Walk(*formula.root());
  if (poly && poly->Overflows()) return std::nullopt;
  return poly;
}

}  // namespace rr
