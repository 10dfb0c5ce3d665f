#include "lint/normal_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "syntax/axis_expression.h"
#include "syntax/formula_poly.h"

namespace rr {
namespace {

using Op = FormulaNode::Op;

// An axis that is made of others is written out this often, if its formula is short: what files
// of no good will say must not grow.
constexpr int kMostNested = 3;
constexpr size_t kMostText = 64;

// The text of a comparison, and of its contrary.
struct Comparison {
  std::string_view sign, contrary;
  bool commutes, exchanged;  // a > b is b < a
};
std::optional<Comparison> ComparisonOf(Op op) {
  switch (op) {
    case Op::kEqual:
      return Comparison{"==", "!=", true, false};
    case Op::kNotEqual:
      return Comparison{"!=", "==", true, false};
    case Op::kLess:
      return Comparison{"<", ">=", false, false};
    case Op::kGreaterEqual:
      return Comparison{">=", "<", false, false};
    case Op::kGreater:
      return Comparison{"<", ">=", false, true};
    case Op::kLessEqual:
      return Comparison{">=", "<", false, true};
    case Op::kIn:
      return Comparison{"in", "not in", false, false};
    case Op::kNotIn:
      return Comparison{"not in", "in", false, false};
    default:
      return std::nullopt;
  }
}

std::string Sorted(std::vector<std::string> words, std::string_view between) {
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  if (words.size() == 1) return words[0];
  return fmt::format("({})", fmt::join(words, fmt::format(" {} ", between)));
}

// The operands of nested uses of one operator.
void Flatten(const FormulaNode& node, Op op, std::vector<const FormulaNode*>* operands) {
  if (node.op != op) {
    operands->push_back(&node);
    return;
  }
  for (const auto& operand : node.operands) Flatten(*operand, op, operands);
}

}  // namespace

std::string NormalForms::Of(const Formula& formula) const {
  return formula.root() == nullptr ? "" : Text(*formula.root(), false);
}

std::string NormalForms::Of(const Poly& poly) const {
  const std::string text = poly.ToString();
  const auto [known, is_new] = polys_.try_emplace(text);
  if (!is_new) return known->second;
  Diagnostics unused;
  const std::optional<Formula> formula = Formula::Parse(SpannedText::FromString(text), &unused);
  return known->second = formula ? Of(*formula) : text;
}

std::string NormalForms::LabelOf(const std::string& axis) const {
  const auto found = labels_.find(axis);
  return found == labels_.end() ? axis : found->second;
}

std::string NormalForms::SizeOf(const AxisRule& axis) const { return Size(axis); }

std::string NormalForms::Size(const AxisRule& axis) const {
  switch (axis.kind) {
    case AxisRule::Kind::kFormula:
      return (axis.formula && axis.formula->root() ? Text(*axis.formula->root(), false) : "") +
             (axis.fallback && axis.fallback->root()
                  ? " else " + Text(*axis.fallback->root(), false)
                  : "");
    case AxisRule::Kind::kFree:
      return "free " + (axis.formula ? Text(*axis.formula->root(), false) : "");
    case AxisRule::Kind::kWords:
      return fmt::format("[{}]", fmt::join(axis.words, "|"));
    case AxisRule::Kind::kByKind: {
      std::vector<std::string> cases;
      for (const auto& [kind, formula] : axis.by_kind) {
        cases.push_back(NameText(kind.text, false) + ": " + Text(*formula.root(), false));
      }
      return Sorted(std::move(cases), ",");
    }
  }
  return "";
}

// What is not made of + - * and whole numbers is one unknown of the polynomial.
Poly NormalForms::Number(const FormulaNode& node) const {
  const auto operand = [&](size_t i) { return Number(*node.operands[i]); };
  switch (node.op) {
    case Op::kLiteral:
      if (const int64_t* n = node.literal.AsInt()) return Poly::Constant(*n);
      return Poly::Axis(Text(node, false));
    case Op::kName:
      if (const AxisRule* axis = file_.FindAxis(node.name);
          axis != nullptr && axis->kind == AxisRule::Kind::kFormula && axis->formula &&
          !axis->fallback && axis->formula->text().text.size() <= kMostText &&
          nested_ < kMostNested && (!labelled_ || ToPoly(*axis->formula))) {
        ++nested_;
        const Poly number = Number(*axis->formula->root());
        --nested_;
        return number;
      }
      return Poly::Axis(NameText(node.name, false));
    case Op::kAdd:
      return operand(0) + operand(1);
    case Op::kSubtract:
      return operand(0) - operand(1);
    case Op::kMultiply:
      return operand(0) * operand(1);
    case Op::kNegate:
      return Poly() - operand(0);
    case Op::kExactDivide:
      if (std::optional<Poly> quotient = operand(0).DividedBy(operand(1))) return *quotient;
      return Poly::Axis(fmt::format("({} / {})", operand(0).ToString(), operand(1).ToString()));
    default:
      return Poly::Axis(Text(node, false));
  }
}

std::string NormalForms::NameText(const std::string& name, bool negated) const {
  // What leads to itself is refused elsewhere; here it ends at its name.
  const auto [known, is_new] = names_.try_emplace({name, negated}, name);
  if (!is_new) return known->second;
  std::string text = Meaning(name, negated);
  return names_[{name, negated}] = std::move(text);
}

std::string NormalForms::Meaning(const std::string& name, bool negated) const {
  const auto no = [&](const std::string& text) { return negated ? "not " + text : text; };
  for (const KindRule& partition : file_.kinds) {
    for (size_t i = 0; i < partition.cases.size(); ++i) {
      if (partition.cases[i].first.text != name) continue;
      // The first case that holds: none before it does.
      std::vector<std::string> parts;
      for (size_t j = 0; j <= i; ++j) {
        const std::optional<Formula>& condition = partition.cases[j].second;
        if (!condition || condition->root() == nullptr) continue;
        parts.push_back(Text(*condition->root(), (j < i) != negated));
      }
      return Sorted(std::move(parts), negated ? "or" : "and");
    }
  }
  if (const AxisRule* axis = file_.FindAxis(name))
    return no(labelled_ ? LabelOf(name) : "axis of " + Size(*axis));
  return no(name);
}

std::string NormalForms::Text(const FormulaNode& node, bool negated) const {
  const auto no = [&](const std::string& text) { return negated ? "not " + text : text; };
  if (node.op == Op::kNot) return Text(*node.operands[0], !negated);
  if (node.op == Op::kAnd || node.op == Op::kOr) {
    std::vector<const FormulaNode*> operands;
    Flatten(node, node.op, &operands);
    std::vector<std::string> texts;
    for (const FormulaNode* operand : operands) texts.push_back(Text(*operand, negated));
    return Sorted(std::move(texts), (node.op == Op::kAnd) != negated ? "and" : "or");
  }
  std::vector<std::string> texts;
  if (const std::optional<Comparison> comparison = ComparisonOf(node.op)) {
    for (const auto& operand : node.operands) texts.push_back(Text(*operand, false));
    if (comparison->exchanged || (comparison->commutes && texts[1] < texts[0]))
      std::swap(texts[0], texts[1]);
    return fmt::format("({} {} {})", texts[0], negated ? comparison->contrary : comparison->sign,
                       texts[1]);
  }
  switch (node.op) {
    case Op::kName:
      if (file_.FindAxis(node.name) == nullptr) return NameText(node.name, negated);
      return no(Number(node).ToString());
    case Op::kLiteral:
      return no(ToJson(node.literal));
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kNegate:
    case Op::kExactDivide:
      return no(Number(node).ToString());
    default:
      break;
  }
  for (const auto& operand : node.operands) texts.push_back(Text(*operand, false));
  if (node.op == Op::kMin || node.op == Op::kMax) std::sort(texts.begin(), texts.end());
  return no(fmt::format("op{}({})", static_cast<int>(node.op), fmt::join(texts, ", ")));
}

void MatchAxes(const RuleFile& before, const RuleFile& after, AxisLabels* of_before,
               AxisLabels* of_after) {
  for (const AxisRule& axis : before.axes) (*of_before)[axis.name.text] = axis.name.text;
  std::set<std::string> taken;
  const auto match = [&](const AxisRule& mine, const std::string& theirs) {
    if (of_after->count(mine.name.text) > 0 || !taken.insert(theirs).second) return;
    (*of_after)[mine.name.text] = theirs;
  };
  const NormalForms sizes_before(before), sizes_after(after);
  std::vector<std::string> old_sizes, new_sizes;
  for (const AxisRule& axis : before.axes) old_sizes.push_back(sizes_before.SizeOf(axis));
  for (const AxisRule& axis : after.axes) new_sizes.push_back(sizes_after.SizeOf(axis));
  for (const bool same_name : {true, false}) {
    for (size_t a = 0; a < after.axes.size(); ++a) {
      for (size_t b = 0; b < before.axes.size(); ++b) {
        if (old_sizes[b] != new_sizes[a] || taken.count(before.axes[b].name.text) > 0) continue;
        if (!same_name || before.axes[b].name.text == after.axes[a].name.text)
          match(after.axes[a], before.axes[b].name.text);
      }
    }
  }
  for (const AxisRule& axis : after.axes) {
    if (before.FindAxis(axis.name.text) != nullptr) match(axis, axis.name.text);
    // No axis of the other version: a name that none of them has.
    if (of_after->count(axis.name.text) == 0)
      (*of_after)[axis.name.text] = axis.name.text + " (new)";
  }
}

}  // namespace rr
