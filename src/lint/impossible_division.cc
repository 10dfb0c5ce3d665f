// RR312: a division of known numbers that leaves a remainder or divides by zero.
#include <fmt/format.h>

#include <optional>

#include "lint/constants.h"
#include "lint/passes.h"

namespace rr {
namespace {

using Op = FormulaNode::Op;

// The parts of a formula that divide, as formulas of their own.
void CheckNode(const FormulaNode& node, const Constants& constants, Diagnostics* diagnostics) {
  for (const auto& operand : node.operands) CheckNode(*operand, constants, diagnostics);
  const bool divides = node.op == Op::kExactDivide || node.op == Op::kFloorDivide ||
                       node.op == Op::kModulo || node.op == Op::kCeilDiv;
  if (!divides || node.place.source == nullptr) return;
  const auto parse = [&](const FormulaNode& part) {
    const std::string& text = part.place.source->text();
    Diagnostics reported;
    return Formula::Parse(
        SpannedText::FromString(text.substr(part.place.begin, part.place.end - part.place.begin)),
        &reported);
  };
  const auto report = [&](std::string message) {
    diagnostics->Add(Code::kImpossibleDivision, node.place, std::move(message));
  };
  const std::optional<Formula> divisor = parse(*node.operands[1]);
  if (divisor && constants.IsConstant(*divisor)) {
    const Formula::Outcome outcome = divisor->Evaluate(constants.Lookup());
    const int64_t* n = outcome.ok() ? outcome.value.AsInt() : nullptr;
    if (n != nullptr && *n == 0) return report("this divides by zero");
  }
  const std::optional<Formula> whole = parse(node);
  if (!whole || !constants.IsConstant(*whole)) return;
  const Formula::Outcome outcome = whole->Evaluate(constants.Lookup());
  if (outcome.kind == Formula::Outcome::Kind::kInexact) report(outcome.message);
}

}  // namespace

void FindImpossibleDivisions(const LintContext& context, Diagnostics* diagnostics) {
  const RuleFile& file = *context.rules.file;
  const Constants constants(file);
  const auto check = [&](const std::optional<Formula>& formula) {
    if (formula && formula->root() != nullptr) CheckNode(*formula->root(), constants, diagnostics);
  };
  for (const AxisRule& axis : file.axes) {
    check(axis.formula);
    check(axis.fallback);
    for (const auto& [kind, formula] : axis.by_kind) check(formula);
  }
  for (const KindRule& kind : file.kinds) {
    for (const auto& [name, formula] : kind.cases) check(formula);
  }
  for (const BlockRule& block : file.blocks) check(block.where);
  for (const Formula& formula : file.require) check(formula);
  for (const LayoutRule& layout : file.layouts) {
    for (const Formula& formula : layout.require) check(formula);
  }
}

}  // namespace rr
