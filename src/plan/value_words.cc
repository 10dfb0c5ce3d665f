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

std::optional<double> Number(const Model& model, const Formula& formula, Diagnostics* diagnostics) {
  const Formula::Outcome outcome = model.Evaluate(formula);
  std::optional<double> x;
  if (outcome.ok() && outcome.value.AsDouble() != nullptr) x = *outcome.value.AsDouble();
  if (outcome.ok() && outcome.value.AsInt() != nullptr) x = static_cast<double>(*outcome.value.AsInt());
  if (x && std::isfinite(*x)) return x;
  std::string why = outcome.message;
  if (outcome.kind == Formula::Outcome::Kind::kAbsent) why = fmt::format("`{}` is unknown", outcome.absent_name);
  diagnostics->Add(Code::kBadValueWord, formula.text().place(), fmt::format("`{}` is no number: {}", formula.text().text, why));
  return std::nullopt;
}

bool SameFormula(const std::optional<Formula>& a, const std::optional<Formula>& b) {
  return a.has_value() == b.has_value() && (!a || a->text().text == b->text().text);
}

}  // namespace

std::optional<ValueOp> ComposeValueWords(const Model& model, const EntryRule& from, const EntryRule& to, Dtype from_dtype,
                                         Dtype to_dtype, Diagnostics* diagnostics) {
  ValueOp op{from_dtype, to_dtype, {}};
  const bool same = SameFormula(from.add, to.add) && SameFormula(from.multiply, to.multiply) && from.in == to.in;
  if (same) return op;
  const Dtype compute = from_dtype == Dtype::kF64 || to_dtype == Dtype::kF64 ? Dtype::kF64 : Dtype::kF32;
  auto step = [&](ValueStep::Kind kind, double operand) { op.steps.push_back({kind, operand, compute}); };
  if (from.add) {
    const auto x = Number(model, *from.add, diagnostics);
    if (!x) return std::nullopt;
    step(ValueStep::Kind::kAdd, -RoundedTo(*x, from.in));
  }
  if (from.multiply) {
    const auto x = Number(model, from.back ? *from.back : *from.multiply, diagnostics);
    if (!x) return std::nullopt;
    if (!from.back && RoundedTo(*x, from.in) == 0) {
      diagnostics->Add(Code::kBadValueWord, from.multiply->text().place(), "multiplying by zero cannot be undone");
      return std::nullopt;
    }
    if (from.back) {
      step(ValueStep::Kind::kMultiply, RoundedTo(*x, from.in));
    } else {
      step(ValueStep::Kind::kDivide, RoundedTo(*x, from.in));
    }
  }
  if (to.multiply) {
    const auto x = Number(model, *to.multiply, diagnostics);
    if (!x) return std::nullopt;
    step(ValueStep::Kind::kMultiply, RoundedTo(*x, to.in));
  }
  if (to.add) {
    const auto x = Number(model, *to.add, diagnostics);
    if (!x) return std::nullopt;
    step(ValueStep::Kind::kAdd, RoundedTo(*x, to.in));
  }
  return op;
}

bool SameOp(const ValueOp& a, const ValueOp& b) {
  if (a.from != b.from || a.to != b.to || a.steps.size() != b.steps.size()) return false;
  for (size_t i = 0; i < a.steps.size(); ++i) {
    if (a.steps[i].kind != b.steps[i].kind || a.steps[i].operand != b.steps[i].operand || a.steps[i].compute != b.steps[i].compute) return false;
  }
  return true;
}

std::string Describe(const ValueOp& op) {
  std::string text;
  for (const ValueStep& step : op.steps) {
    if (!text.empty()) text += ", ";
    const char* words = step.kind == ValueStep::Kind::kAdd ? "add" : step.kind == ValueStep::Kind::kMultiply ? "multiply by" : "divide by";
    text += fmt::format("{} {:.9g}", words, step.operand);
  }
  if (op.from != op.to) text += fmt::format("{}cast {} to {}", text.empty() ? "" : ", ", NameOf(op.from), NameOf(op.to));
  return text;
}

}  // namespace rr
