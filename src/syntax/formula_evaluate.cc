// Formulas, evaluated. Absence and errors are outcomes, never guesses.
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "syntax/formula.h"

namespace rr {
namespace {

using Op = FormulaNode::Op;
using Outcome = Formula::Outcome;

Outcome Of(Value value) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::kValue;
  outcome.value = std::move(value);
  return outcome;
}
Outcome Absent(std::string name) {
  Outcome outcome;
  outcome.absent_name = std::move(name);
  return outcome;
}
Outcome Error(std::string message, Outcome::Kind kind = Outcome::Kind::kError) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.message = std::move(message);
  return outcome;
}

bool IsNumber(const Value& v) { return v.AsInt() != nullptr || v.AsDouble() != nullptr; }
double AsNumber(const Value& v) { return v.AsInt() != nullptr ? static_cast<double>(*v.AsInt()) : *v.AsDouble(); }

const char* SignOf(Op op) {
  switch (op) {
    case Op::kAdd: return "+";
    case Op::kSubtract: return "-";
    case Op::kMultiply: return "*";
    case Op::kExactDivide: return "/";
    case Op::kFloorDivide: return "//";
    case Op::kModulo: return "%";
    case Op::kLess: return "<";
    case Op::kLessEqual: return "<=";
    case Op::kGreater: return ">";
    case Op::kGreaterEqual: return ">=";
    default: return "?";
  }
}

std::string Pair(Op op, const Value& a, const Value& b) { return fmt::format("{} {} {}", ToJson(a), SignOf(op), ToJson(b)); }

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

Outcome Integers(Op op, int64_t a, int64_t b) {
  int64_t n = 0;
  bool overflow = false;
  const bool divides = op == Op::kExactDivide || op == Op::kFloorDivide || op == Op::kModulo || op == Op::kCeilDiv;
  if (divides && b == 0) return Error(fmt::format("{} is divided by zero", a));
  if (divides && a == INT64_MIN && b == -1) return Error("the result is too large");
  switch (op) {
    case Op::kAdd: overflow = __builtin_add_overflow(a, b, &n); break;
    case Op::kSubtract: overflow = __builtin_sub_overflow(a, b, &n); break;
    case Op::kMultiply: overflow = __builtin_mul_overflow(a, b, &n); break;
    case Op::kExactDivide:
      if (a % b != 0) return Error(fmt::format("{} / {} is not a whole number", a, b), Outcome::Kind::kInexact);
      n = a / b;
      break;
    case Op::kFloorDivide: n = FloorDiv(a, b); break;
    case Op::kModulo: n = a - FloorDiv(a, b) * b; break;
    case Op::kCeilDiv: n = FloorDiv(a, b) + (a % b != 0); break;
    default: break;
  }
  if (overflow) return Error(fmt::format("{} is too large", Pair(op, Value(a), Value(b))));
  return Of(Value(n));
}

Outcome Doubles(Op op, double a, double b) {
  switch (op) {
    case Op::kAdd: return Of(Value(a + b));
    case Op::kSubtract: return Of(Value(a - b));
    case Op::kMultiply: return Of(Value(a * b));
    case Op::kExactDivide: return b == 0 ? Error("division by zero") : Of(Value(a / b));
    case Op::kFloorDivide: return b == 0 ? Error("division by zero") : Of(Value(std::floor(a / b)));
    case Op::kModulo: return b == 0 ? Error("division by zero") : Of(Value(a - std::floor(a / b) * b));
    case Op::kCeilDiv: return b == 0 ? Error("division by zero") : Of(Value(std::ceil(a / b)));
    default: return Error("no arithmetic");
  }
}

// 3 == 3.0, as in Python; lists item by item; a number never equals text.
bool Equal(const Value& a, const Value& b) {
  if (IsNumber(a) && IsNumber(b)) return AsNumber(a) == AsNumber(b);
  if (a.AsList() != nullptr && b.AsList() != nullptr) {
    if (a.AsList()->size() != b.AsList()->size()) return false;
    for (size_t i = 0; i < a.AsList()->size(); ++i) {
      if (!Equal((*a.AsList())[i], (*b.AsList())[i])) return false;
    }
    return true;
  }
  return a == b;
}

class Evaluator {
 public:
  explicit Evaluator(const Formula::Lookup& lookup) : lookup_(lookup) {}

  Outcome Run(const FormulaNode& node) {
    switch (node.op) {
      case Op::kLiteral: return node.literal.IsNull() ? Absent("null") : Of(node.literal);
      case Op::kName: {
        std::optional<Value> value = lookup_(node.name);
        return !value || value->IsNull() ? Absent(node.name) : Of(std::move(*value));
      }
      case Op::kCoalesce: return Coalesce(node);
      case Op::kOr:
      case Op::kAnd: return Logic(node);
      case Op::kNot: {
        Outcome operand = Run(*node.operands[0]);
        return operand.ok() ? Truth(operand.value, [](bool b) { return !b; }) : operand;
      }
      case Op::kList: {
        Value::List list;
        for (const auto& item : node.operands) {
          Outcome outcome = Run(*item);
          if (!outcome.ok()) return outcome;
          list.push_back(std::move(outcome.value));
        }
        return Of(Value(std::move(list)));
      }
      case Op::kMin:
      case Op::kMax: return Extreme(node);
      case Op::kNegate:
      case Op::kSqrt: return OneNumber(node);
      default: return TwoOperands(node);
    }
  }

 private:
  template <typename Then>
  Outcome Truth(const Value& value, const Then& then) {
    if (value.AsBool() == nullptr) return Error(fmt::format("{} is {}, where true or false is expected", ToJson(value), TypeName(value)));
    return Of(Value(then(*value.AsBool())));
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

  Outcome Logic(const FormulaNode& node) {
    const bool decides = node.op == Op::kOr;
    Outcome left = Run(*node.operands[0]);
    if (!left.ok()) return left;
    if (left.value.AsBool() == nullptr) return Truth(left.value, [](bool b) { return b; });
    if (*left.value.AsBool() == decides) return left;
    Outcome right = Run(*node.operands[1]);
    return right.ok() ? Truth(right.value, [](bool b) { return b; }) : right;
  }

  Outcome Extreme(const FormulaNode& node) {
    Outcome best;
    for (const auto& operand : node.operands) {
      Outcome outcome = Run(*operand);
      if (!outcome.ok()) return outcome;
      if (!IsNumber(outcome.value)) return Error(fmt::format("{} is no number", ToJson(outcome.value)));
      const bool better = !best.ok() || (node.op == Op::kMin ? AsNumber(outcome.value) < AsNumber(best.value) : AsNumber(outcome.value) > AsNumber(best.value));
      if (better) best = std::move(outcome);
    }
    return best;
  }

  Outcome OneNumber(const FormulaNode& node) {
    Outcome operand = Run(*node.operands[0]);
    if (!operand.ok()) return operand;
    if (!IsNumber(operand.value)) return Error(fmt::format("{} is no number", ToJson(operand.value)));
    if (node.op == Op::kNegate) return operand.value.AsInt() != nullptr ? Integers(Op::kSubtract, 0, *operand.value.AsInt()) : Of(Value(-*operand.value.AsDouble()));
    const double x = AsNumber(operand.value);
    return x < 0 ? Error(fmt::format("sqrt({}) is no number", ToJson(operand.value))) : Of(Value(std::sqrt(x)));
  }

  Outcome TwoOperands(const FormulaNode& node) {
    Outcome a = Run(*node.operands[0]);
    if (!a.ok()) return a;
    Outcome b = Run(*node.operands[1]);
    if (!b.ok()) return b;
    switch (node.op) {
      case Op::kIndex: return Index(a.value, b.value);
      case Op::kEqual: return Of(Value(Equal(a.value, b.value)));
      case Op::kNotEqual: return Of(Value(!Equal(a.value, b.value)));
      case Op::kIn:
      case Op::kNotIn: {
        if (b.value.AsList() == nullptr) return Error(fmt::format("`in` needs a list, this is {}", TypeName(b.value)));
        bool found = false;
        for (const Value& item : *b.value.AsList()) found = found || Equal(a.value, item);
        return Of(Value(found == (node.op == Op::kIn)));
      }
      case Op::kLess:
      case Op::kLessEqual:
      case Op::kGreater:
      case Op::kGreaterEqual: return Order(node.op, a.value, b.value);
      default: break;
    }
    if (!IsNumber(a.value) || !IsNumber(b.value)) {
      const Value& wrong = IsNumber(a.value) ? b.value : a.value;
      return Error(fmt::format("{} is {}, where a number is expected", ToJson(wrong), TypeName(wrong)));
    }
    if (a.value.AsInt() != nullptr && b.value.AsInt() != nullptr) return Integers(node.op, *a.value.AsInt(), *b.value.AsInt());
    return Doubles(node.op, AsNumber(a.value), AsNumber(b.value));
  }

  Outcome Index(const Value& list, const Value& index) {
    if (list.AsList() == nullptr) return Error(fmt::format("{} has no items", TypeName(list)));
    if (index.AsInt() == nullptr) return Error(fmt::format("{} is no index", ToJson(index)));
    const int64_t i = *index.AsInt();
    if (i < 0 || i >= static_cast<int64_t>(list.AsList()->size())) return Absent(fmt::format("item {} of a list of {}", i, list.AsList()->size()));
    const Value& item = (*list.AsList())[static_cast<size_t>(i)];
    return item.IsNull() ? Absent("null") : Of(item);
  }

  Outcome Order(Op op, const Value& a, const Value& b) {
    int order = 0;
    if (IsNumber(a) && IsNumber(b)) {
      order = AsNumber(a) < AsNumber(b) ? -1 : AsNumber(a) > AsNumber(b);
    } else if (a.AsString() != nullptr && b.AsString() != nullptr) {
      order = a.AsString()->compare(*b.AsString());
    } else {
      return Error(fmt::format("{} compares {} with {}", Pair(op, a, b), TypeName(a), TypeName(b)));
    }
    switch (op) {
      case Op::kLess: return Of(Value(order < 0));
      case Op::kLessEqual: return Of(Value(order <= 0));
      case Op::kGreater: return Of(Value(order > 0));
      default: return Of(Value(order >= 0));
    }
  }

  const Formula::Lookup& lookup_;
};

void Walk(const FormulaNode& node, std::vector<Formula::Name>* names) {
  if (node.op == Op::kName) {
    for (const Formula::Name& known : *names) {
      if (known.name == node.name) return;
    }
    names->push_back({node.name, node.place});
  }
  for (const auto& operand : node.operands) Walk(*operand, names);
}

}  // namespace

Formula::Outcome Formula::Evaluate(const Lookup& lookup) const {
  return root_ == nullptr ? Absent("") : Evaluator(lookup).Run(*root_);
}

std::vector<Formula::Name> Formula::Names() const {
  std::vector<Name> names;
  if (root_ != nullptr) Walk(*root_, &names);
  return names;
}

std::vector<std::string> Formula::DirectNames() const {
  std::vector<std::string> names;
  if (root_ == nullptr) return names;
  if (root_->op == Op::kName) return {root_->name};
  if (root_->op != Op::kCoalesce) return names;
  for (const auto& operand : root_->operands) {
    if (operand->op == Op::kName) names.push_back(operand->name);
  }
  return names;
}

}  // namespace rr
