#include "syntax/formula_arithmetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace rr {
namespace {

using Op = FormulaNode::Op;
using Outcome = Formula::Outcome;

double AsNumber(const Value& value) {
  return value.AsInt() != nullptr ? static_cast<double>(*value.AsInt()) : *value.AsDouble();
}

std::string_view SymbolOf(Op op) {
  switch (op) {
    case Op::kAdd:
      return "+";
    case Op::kSubtract:
      return "-";
    case Op::kMultiply:
      return "*";
    case Op::kExactDivide:
      return "/";
    case Op::kFloorDivide:
      return "//";
    case Op::kModulo:
      return "%";
    case Op::kLess:
      return "<";
    case Op::kLessEqual:
      return "<=";
    case Op::kGreater:
      return ">";
    case Op::kGreaterEqual:
      return ">=";
    default:
      return "";
  }
}

// As the author would write it: `7 % 0`, `ceil_div(7, 0)`.
std::string Written(Op op, const Value& a, const Value& b) {
  if (op == Op::kCeilDiv) return fmt::format("ceil_div({}, {})", ToJson(a), ToJson(b));
  return fmt::format("{} {} {}", ToJson(a), SymbolOf(op), ToJson(b));
}

bool Divides(Op op) {
  return op == Op::kExactDivide || op == Op::kFloorDivide || op == Op::kModulo ||
         op == Op::kCeilDiv;
}

template <typename T>
bool Compare(Op op, const T& a, const T& b) {
  switch (op) {
    case Op::kLess:
      return a < b;
    case Op::kLessEqual:
      return a <= b;
    case Op::kGreater:
      return a > b;
    default:
      return a >= b;
  }
}

Outcome Whole(Op op, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflow = false;
  // The one quotient that does not fit is -2^63 / -1; its remainder does.
  const bool unfit = b == -1 && a == std::numeric_limits<int64_t>::min();
  if (Divides(op) && unfit) {
    if (op == Op::kModulo) return ValueOutcome(int64_t{0});
    return ErrorOutcome(Written(op, a, b) + " is too large");
  }
  const auto floor_quotient = [&] { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); };
  switch (op) {
    case Op::kAdd:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case Op::kSubtract:
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case Op::kMultiply:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    case Op::kExactDivide: {
      result = a / b;
      if (a % b == 0) break;
      Outcome inexact = ErrorOutcome(Written(op, a, b) + " is not a whole number");
      inexact.kind = Outcome::Kind::kInexact;
      return inexact;
    }
    case Op::kFloorDivide:
      result = floor_quotient();
      break;
    // The sign of the divisor, as in Python; a - floor(a / b) * b could overflow on the way.
    case Op::kModulo:
      result = a % b + (a % b != 0 && (a % b < 0) != (b < 0) ? b : 0);
      break;
    case Op::kCeilDiv:
      result = floor_quotient() + (a % b != 0 ? 1 : 0);
      break;
    default:
      break;
  }
  if (overflow) return ErrorOutcome(Written(op, a, b) + " is too large");
  return ValueOutcome(result);
}

Outcome Double(Op op, double a, double b) {
  switch (op) {
    case Op::kAdd:
      return ValueOutcome(a + b);
    case Op::kSubtract:
      return ValueOutcome(a - b);
    case Op::kMultiply:
      return ValueOutcome(a * b);
    case Op::kExactDivide:
      return ValueOutcome(a / b);
    case Op::kFloorDivide:
      return ValueOutcome(std::floor(a / b));
    case Op::kCeilDiv:
      return ValueOutcome(std::ceil(a / b));
    default:
      break;
  }
  const double remainder = std::fmod(a, b);
  return ValueOutcome(remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder);
}

}  // namespace

Outcome ValueOutcome(Value value) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::kValue;
  outcome.value = std::move(value);
  return outcome;
}

Outcome ErrorOutcome(std::string message) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::kError;
  outcome.message = std::move(message);
  return outcome;
}

bool IsNumber(const Value& value) {
  return value.AsInt() != nullptr || value.AsDouble() != nullptr;
}

Outcome NotANumber(const Value& value) {
  return ErrorOutcome(
      fmt::format("{} is {}, where a number is expected", ToJson(value), TypeName(value)));
}

bool Equal(const Value& a, const Value& b) {
  if (a.AsInt() != nullptr && b.AsInt() != nullptr) return *a.AsInt() == *b.AsInt();
  if (IsNumber(a) && IsNumber(b)) return AsNumber(a) == AsNumber(b);
  const Value::List* list = a.AsList();
  const Value::List* other = b.AsList();
  if (list == nullptr || other == nullptr) return a == b;
  return std::equal(list->begin(), list->end(), other->begin(), other->end(), Equal);
}

Outcome Order(Op op, const Value& a, const Value& b) {
  if (a.AsInt() != nullptr && b.AsInt() != nullptr)
    return ValueOutcome(Compare(op, *a.AsInt(), *b.AsInt()));
  if (IsNumber(a) && IsNumber(b)) return ValueOutcome(Compare(op, AsNumber(a), AsNumber(b)));
  if (a.AsString() != nullptr && b.AsString() != nullptr) {
    return ValueOutcome(Compare(op, *a.AsString(), *b.AsString()));
  }
  return ErrorOutcome(
      fmt::format("{} compares {} with {}", Written(op, a, b), TypeName(a), TypeName(b)));
}

Outcome Arithmetic(Op op, const Value& a, const Value& b) {
  if (!IsNumber(a)) return NotANumber(a);
  if (!IsNumber(b)) return NotANumber(b);
  if (Divides(op) && AsNumber(b) == 0) return ErrorOutcome(Written(op, a, b) + " divides by zero");
  if (a.AsInt() != nullptr && b.AsInt() != nullptr) return Whole(op, *a.AsInt(), *b.AsInt());
  return Double(op, AsNumber(a), AsNumber(b));
}

Outcome SquareRoot(const Value& value) {
  const double number = AsNumber(value);
  if (number < 0) return ErrorOutcome(fmt::format("sqrt({}) is no real number", ToJson(value)));
  return ValueOutcome(std::sqrt(number));
}

}  // namespace rr
