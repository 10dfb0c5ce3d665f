#include "plan/value_words.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdint>

namespace rr {
namespace {

// The factor as `in` rounds it.
double RoundedTo(double x, Dtype in) {
  const auto f = static_cast<float>(x);
  if (in == Dtype::kF32 || std::isnan(f)) return static_cast<double>(f);
  auto bits = std::bit_cast<uint32_t>(f);
  bits += 0x7fff + ((bits >> 16) & 1);  // to nearest, ties to even
  return static_cast<double>(std::bit_cast<float>(bits & 0xffff0000u));
}

std::optional<double> Number(const Model& model, const Formula& formula, Dtype in,
                             Diagnostics* diagnostics) {
  const Formula::Outcome outcome = model.Evaluate(formula);
  std::optional<double> x;
  if (outcome.ok() && outcome.value.AsDouble() != nullptr) x = *outcome.value.AsDouble();
  if (outcome.ok() && outcome.value.AsInt() != nullptr)
    x = static_cast<double>(*outcome.value.AsInt());
  if (x && std::isfinite(RoundedTo(*x, in))) return RoundedTo(*x, in);
  std::string why = x              ? fmt::format("{} is beyond {}", *x, NameOf(in))
                    : outcome.ok() ? ToJson(outcome.value)
                                   : outcome.message;
  if (outcome.kind == Formula::Outcome::Kind::kAbsent)
    why = fmt::format("`{}` is unknown", outcome.absent_name);
  diagnostics->Add(Code::kBadValueWord, formula.text().place(),
                   fmt::format("`{}` is no number: {}", formula.text().text, why));
  return std::nullopt;
}

bool SameFormula(const std::optional<Formula>& a, const std::optional<Formula>& b) {
  return a.has_value() == b.has_value() && (!a || a->text().text == b->text().text);
}

}  // namespace

std::optional<ValueOp> ComposeValueWords(const Model& model, const EntryRule& from,
                                         const EntryRule& to, Dtype from_dtype, Dtype to_dtype,
                                         Diagnostics* diagnostics) {
  ValueOp op{from_dtype, to_dtype, {}};
  const bool same =
      SameFormula(from.add, to.add) && SameFormula(from.multiply, to.multiply) && from.in == to.in;
  if (same) return op;
  const Dtype compute =
      from_dtype == Dtype::kF64 || to_dtype == Dtype::kF64 ? Dtype::kF64 : Dtype::kF32;
  auto step = [&](ValueStep::Kind kind, double operand) {
    op.steps.push_back({kind, operand, compute});
  };
  auto factor = [&](const Formula& formula, Dtype in) {
    std::optional<double> x = Number(model, formula, in, diagnostics);
    if (x && *x == 0) {
      diagnostics->Add(Code::kBadValueWord, formula.text().place(),
                       "multiplying by zero cannot be undone");
      x.reset();
    }
    return x;
  };
  if (from.add) {
    const auto x = Number(model, *from.add, from.in, diagnostics);
    if (!x) return std::nullopt;
    step(ValueStep::Kind::kAdd, -*x);
  }
  if (from.multiply) {
    const auto x = factor(from.back ? *from.back : *from.multiply, from.in);
    if (!x) return std::nullopt;
    step(from.back ? ValueStep::Kind::kMultiply : ValueStep::Kind::kDivide, *x);
  }
  if (to.multiply) {
    const auto x = factor(*to.multiply, to.in);
    if (!x) return std::nullopt;
    step(ValueStep::Kind::kMultiply, *x);
  }
  if (to.add) {
    const auto x = Number(model, *to.add, to.in, diagnostics);
    if (!x) return std::nullopt;
    step(ValueStep::Kind::kAdd, *x);
  }
  return op;
}

bool SameOp(const ValueOp& a, const ValueOp& b) {
  if (a.from != b.from || a.to != b.to || a.steps.size() != b.steps.size()) return false;
  for (size_t i = 0; i < a.steps.size(); ++i) {
    if (a.steps[i].kind != b.steps[i].kind || a.steps[i].operand != b.steps[i].operand ||
        a.steps[i].compute != b.steps[i].compute)
      return false;
  }
  return true;
}

std::string Describe(const ValueOp& op) {
  std::string text;
  for (const ValueStep& step : op.steps) {
    if (!text.empty()) text += ", ";
    const char* words = step.kind == ValueStep::Kind::kAdd        ? "add"
                        : step.kind == ValueStep::Kind::kMultiply ? "multiply by"
                                                                  : "divide by";
    text += fmt::format("{} {:.9g}", words, step.operand);
  }
  if (op.from != op.to)
    text +=
        fmt::format("{}cast {} to {}", text.empty() ? "" : ", ", NameOf(op.from), NameOf(op.to));
  return text;
}

}  // namespace rr
