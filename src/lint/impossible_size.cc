// RR315: a formula of an axis that gives no size, whatever the config says.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lint/constants.h"
#include "lint/passes.h"

namespace rr {
namespace {

void CheckValue(const AxisRule& axis, const Formula& formula, const Constants& constants,
                Diagnostics* diagnostics) {
  if (!constants.IsConstant(formula)) return;
  const Formula::Outcome outcome = formula.Evaluate(constants.Lookup());
  if (!outcome.ok()) return;  // RR312
  const int64_t* size = outcome.value.AsInt();
  if (size != nullptr && *size >= 0) return;
  diagnostics->Add(Code::kImpossibleSize, formula.text().place(),
                   fmt::format("this is {} for every config, and the size of {} is a whole number "
                               "that is not negative",
                               ToJson(outcome.value), axis.name.text));
}

// Whether an axis is needed for a formula, on a way on which no config and no default says a size.
bool Needs(const RuleFile& file, const Formula& formula, const std::string& axis,
           std::set<std::string>* seen) {
  const std::vector<Formula::Name> names = formula.Names();
  return std::any_of(names.begin(), names.end(), [&](const Formula::Name& used) {
    if (used.name == axis) return true;
    const AxisRule* other = file.FindAxis(used.name);
    if (other == nullptr || other->kind != AxisRule::Kind::kFormula || !other->formula ||
        other->fallback || !seen->insert(used.name).second)
      return false;
    const std::vector<Formula::Name> inner = other->formula->Names();
    const bool only_axes =
        std::all_of(inner.begin(), inner.end(), [](const auto& n) { return IsAxisName(n.name); });
    return only_axes && Needs(file, *other->formula, axis, seen);
  });
}

// `heads[L]` in one size for the whole model: L is the number of layers there, and no index.
void CheckItems(const FormulaNode& node, const AxisRule& axis, const std::set<std::string>& indices,
                Diagnostics* diagnostics) {
  for (const auto& operand : node.operands) CheckItems(*operand, axis, indices, diagnostics);
  if (node.op != FormulaNode::Op::kIndex || node.operands[1]->op != FormulaNode::Op::kName ||
      indices.count(node.operands[1]->name) == 0)
    return;
  const std::string& index = node.operands[1]->name;
  diagnostics
      ->Add(Code::kImpossibleSize, node.place,
            fmt::format("{} is a size here, and a list with an item for each {} ends before it",
                        index, index))
      .help = fmt::format("a size that differs with {} is given by kind: `{}: {{kind: formula}}`",
                          index, axis.name.text);
}

}  // namespace

void FindImpossibleSizes(const LintContext& context, Diagnostics* diagnostics) {
  const RuleFile& file = *context.rules.file;
  const Constants constants(file);
  std::set<std::string> indices;
  for (const auto& [kind, index] : context.rules.index_axes.of_kind) indices.insert(index);
  for (const AxisRule& axis : file.axes) {
    for (const auto* formula : {&axis.formula, &axis.fallback}) {
      if (*formula && (*formula)->root() != nullptr)
        CheckItems(*(*formula)->root(), axis, indices, diagnostics);
    }
    if (axis.formula) CheckValue(axis, *axis.formula, constants, diagnostics);
    if (axis.fallback) CheckValue(axis, *axis.fallback, constants, diagnostics);
    for (const auto& [kind, formula] : axis.by_kind)
      CheckValue(axis, formula, constants, diagnostics);
    std::set<std::string> seen;
    if (!axis.fallback || !Needs(file, *axis.fallback, axis.name.text, &seen)) continue;
    diagnostics->Add(
        Code::kImpossibleSize, axis.fallback->text().place(),
        fmt::format("the default of {} needs {}, and is asked only where it is unknown",
                    axis.name.text, axis.name.text));
  }
}

}  // namespace rr
