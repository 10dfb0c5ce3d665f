// RR312: a division of known numbers that leaves a remainder or divides by zero.
#include <fmt/format.h>

#include <map>
#include <optional>

#include "lint/passes.h"

namespace rr {
namespace {

using Op = FormulaNode::Op;

// The sizes that do not depend on a config: `C: "2"`.
class Constants {
 public:
  explicit Constants(const RuleFile& file) {
    for (size_t round = 0; round <= file.axes.size(); ++round) {
      const size_t before = values_.size();
      for (const AxisRule& axis : file.axes) {
        if (axis.kind != AxisRule::Kind::kFormula || !axis.formula || axis.fallback) continue;
        const Formula::Outcome outcome = axis.formula->Evaluate(Lookup());
        if (outcome.ok() && IsConstant(*axis.formula)) values_[axis.name.text] = outcome.value;
      }
      if (values_.size() == before) break;
    }
  }
  Formula::Lookup Lookup() const {
    return [this](const std::string& name) -> std::optional<Value> {
      const auto found = values_.find(name);
      return found == values_.end() ? std::nullopt : std::optional<Value>(found->second);
    };
  }
  bool IsConstant(const Formula& formula) const {
    for (const Formula::Name& name : formula.Names()) {
      if (values_.count(name.name) == 0) return false;
    }
    return true;
  }

 private:
  std::map<std::string, Value> values_;
};

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
