// Formulas, evaluated. Absence and errors are outcomes, never guesses.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "syntax/formula.h"
#include "syntax/formula_arithmetic.h"

namespace rr {
namespace {

using Op = FormulaNode::Op;
using Outcome = Formula::Outcome;

Outcome Absent(std::string name, bool is_null) {
  Outcome outcome;
  outcome.absent_name = std::move(name);
  outcome.is_null = is_null;
  return outcome;
}

// The numbers of "3,4, 5"; nothing when there is anything else in it.
std::optional<std::vector<int64_t>> NumbersIn(std::string_view text) {
  std::vector<int64_t> numbers;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    numbers.push_back(number);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return numbers;
    if (text[0] != ',') return std::nullopt;
    text.remove_prefix(1);
  }
}

// Deep recursion needs no guard here: a formula has at most 1000 nodes.
class Evaluator {
 public:
  explicit Evaluator(const Formula::Lookup& lookup) : lookup_(lookup) {}

  Outcome Run(const FormulaNode& node) {
    switch (node.op) {
      case Op::kLiteral:
        return node.literal.IsNull() ? Absent("null", true) : ValueOutcome(node.literal);
      case Op::kName:
        return Name(node);
      case Op::kCoalesce:
        return Coalesce(node);
      case Op::kOr:
      case Op::kAnd:
        return Logic(node);
      case Op::kNot: {
        Outcome operand = Truth(*node.operands[0]);
        return operand.ok() ? ValueOutcome(!*operand.value.AsBool()) : operand;
      }
      case Op::kList:
        return List(node);
      case Op::kMin:
      case Op::kMax:
        return Extreme(node);
      case Op::kNegate:
      case Op::kSqrt:
        return OneNumber(node);
      case Op::kLen:
        return Length(*node.operands[0]);
      case Op::kIndex:
        return Index(node);
      default:
        return TwoOperands(node);
    }
  }

 private:
  Outcome Name(const FormulaNode& node) {
    std::optional<Value> value = lookup_(node.name);
    if (!value || value->IsNull()) return Absent(node.name, value.has_value());
    return ValueOutcome(std::move(*value));
  }

  Outcome Coalesce(const FormulaNode& node) {
    Outcome first;
    for (size_t i = 0; i < node.operands.size(); ++i) {
      Outcome outcome = Run(*node.operands[i]);
      if (outcome.kind != Outcome::Kind::kAbsent) return outcome;
      if (i == 0) first = std::move(outcome);
    }
    return first;
  }

  // true or false. What is there but null is false; what is not there stays absent.
  Outcome Truth(const FormulaNode& node) {
    Outcome outcome = Run(node);
    if (outcome.kind == Outcome::Kind::kAbsent && outcome.is_null) return ValueOutcome(false);
    if (!outcome.ok() || outcome.value.AsBool() != nullptr) return outcome;
    return ErrorOutcome(fmt::format("{} is {}, where true or false is expected",
                                    ToJson(outcome.value), TypeName(outcome.value)));
  }

  Outcome Logic(const FormulaNode& node) {
    Outcome left = Truth(*node.operands[0]);
    if (!left.ok() || *left.value.AsBool() == (node.op == Op::kOr)) return left;
    return Truth(*node.operands[1]);
  }

  Outcome List(const FormulaNode& node) {
    Value::List list;
    for (const auto& item : node.operands) {
      Outcome outcome = Run(*item);
      if (!outcome.ok()) return outcome;
      list.push_back(std::move(outcome.value));
    }
    return ValueOutcome(std::move(list));
  }

  Outcome Extreme(const FormulaNode& node) {
    Outcome best;
    for (const auto& operand : node.operands) {
      Outcome outcome = Run(*operand);
      if (!outcome.ok()) return outcome;
      if (!IsNumber(outcome.value)) return NotANumber(outcome.value);
      const Op wanted = node.op == Op::kMin ? Op::kLess : Op::kGreater;
      const bool better = !best.ok() || *Order(wanted, outcome.value, best.value).value.AsBool();
      if (better) best = std::move(outcome);
    }
    return best;
  }

  Outcome OneNumber(const FormulaNode& node) {
    Outcome operand = Run(*node.operands[0]);
    if (!operand.ok()) return operand;
    if (!IsNumber(operand.value)) return NotANumber(operand.value);
    if (node.op == Op::kSqrt) return SquareRoot(operand.value);
    if (const double* number = operand.value.AsDouble()) return ValueOutcome(-*number);
    return Arithmetic(Op::kSubtract, 0, operand.value);
  }

  Outcome Length(const FormulaNode& node) {
    const Outcome operand = Run(node);
    if (!operand.ok()) return operand;
    if (const Value::List* list = operand.value.AsList())
      return ValueOutcome(static_cast<int64_t>(list->size()));
    if (const std::string* text = operand.value.AsString())
      return ValueOutcome(static_cast<int64_t>(text->size()));
    return ErrorOutcome(
        fmt::format("only a list or a text has a length, found {}", TypeName(operand.value)));
  }

  Outcome TwoOperands(const FormulaNode& node) {
    Outcome a = Run(*node.operands[0]);
    if (!a.ok()) return a;
    Outcome b = Run(*node.operands[1]);
    if (!b.ok()) return b;
    switch (node.op) {
      case Op::kEqual:
        return ValueOutcome(Equal(a.value, b.value));
      case Op::kNotEqual:
        return ValueOutcome(!Equal(a.value, b.value));
      case Op::kIn:
      case Op::kNotIn: {
        const Outcome found = Contains(b.value, a.value);
        return found.ok() ? ValueOutcome(*found.value.AsBool() == (node.op == Op::kIn)) : found;
      }
      case Op::kLess:
      case Op::kLessEqual:
      case Op::kGreater:
      case Op::kGreaterEqual:
        return Order(node.op, a.value, b.value);
      default:
        return Arithmetic(node.op, a.value, b.value);
    }
  }

  // Whether a list has an item. A text of whole numbers with commas between them is a list too: so
  // Step-3.5 says which layers have experts (moe_layers_enum: "3,4,5").
  Outcome Contains(const Value& all, const Value& item) {
    if (const std::string* text = all.AsString()) {
      const int64_t* wanted = item.AsInt();
      if (wanted == nullptr)
        return ErrorOutcome(
            fmt::format("`in` of a text needs a whole number, found {}", TypeName(item)));
      const std::optional<std::vector<int64_t>> numbers = NumbersIn(*text);
      if (!numbers)
        return ErrorOutcome(fmt::format("{} is not whole numbers with commas", ToJson(all)));
      return ValueOutcome(std::find(numbers->begin(), numbers->end(), *wanted) != numbers->end());
    }
    const Value::List* list = all.AsList();
    if (list == nullptr)
      return ErrorOutcome(fmt::format("`in` needs a list, found {}", TypeName(all)));
    return ValueOutcome(std::any_of(list->begin(), list->end(),
                                    [&](const Value& one) { return Equal(item, one); }));
  }

  Outcome Index(const FormulaNode& node) {
    Outcome base = Run(*node.operands[0]);
    if (!base.ok()) return base;
    Outcome index = Run(*node.operands[1]);
    if (!index.ok()) return index;
    const Value::List* list = base.value.AsList();
    const std::string* text = base.value.AsString();
    const int64_t* at = index.value.AsInt();
    if (list == nullptr && text == nullptr) {
      return ErrorOutcome(
          fmt::format("only a list or a text has items, found {}", TypeName(base.value)));
    }
    if (at == nullptr) {
      return ErrorOutcome(fmt::format("an index is a whole number, found {}", ToJson(index.value)));
    }
    const FormulaNode& named = *node.operands[0];
    std::string name = fmt::format("{}[{}]", named.op == Op::kName ? named.name : "list", *at);
    if (*at < 0 || static_cast<uint64_t>(*at) >= (text != nullptr ? text->size() : list->size()))
      return Absent(std::move(name), false);
    // A text's item is a character: so Nemotron-H says what its layers are ("MEM*E").
    if (text != nullptr) return ValueOutcome(std::string(1, (*text)[static_cast<size_t>(*at)]));
    const Value& item = (*list)[static_cast<size_t>(*at)];
    return item.IsNull() ? Absent(std::move(name), true) : ValueOutcome(item);
  }

  const Formula::Lookup& lookup_;
};

void CollectNames(const FormulaNode& node, std::vector<Formula::Name>* names) {
  if (node.op == Op::kName) {
    const bool known = std::any_of(names->begin(), names->end(), [&](const Formula::Name& name) {
      return name.name == node.name;
    });
    if (!known) names->push_back({node.name, node.place});
  }
  for (const auto& operand : node.operands) CollectNames(*operand, names);
}

}  // namespace

Formula::Outcome Formula::Evaluate(const Lookup& lookup) const {
  return root_ == nullptr ? Absent("", false) : Evaluator(lookup).Run(*root_);
}

std::vector<Formula::Name> Formula::Names() const {
  std::vector<Name> names;
  if (root_ != nullptr) CollectNames(*root_, &names);
  return names;
}

std::vector<std::string> Formula::DirectNames() const {
  if (root_ == nullptr) return {};
  if (root_->op == Op::kName) return {root_->name};
  std::vector<std::string> names;
  if (root_->op != Op::kCoalesce) return names;
  for (const auto& operand : root_->operands) {
    if (operand->op == Op::kName) names.push_back(operand->name);
  }
  return names;
}

}  // namespace rr
