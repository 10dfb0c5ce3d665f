#include "base/poly.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace rr {

Poly Poly::Constant(int64_t n) {
  Poly p;
  if (n != 0) p.terms_[{}] = n;
  return p;
}

Poly Poly::Axis(const std::string& name) {
  Poly p;
  p.terms_[{name}] = 1;
  return p;
}

void Poly::AddTerm(Monomial monomial, int64_t coefficient) {
  if (overflow_ || coefficient == 0) return;
  const auto term = terms_.emplace(std::move(monomial), 0).first;
  if (__builtin_add_overflow(term->second, coefficient, &term->second)) {
    terms_.clear();
    overflow_ = true;
  } else if (term->second == 0) {
    terms_.erase(term);
  }
}

Poly Poly::operator+(const Poly& other) const {
  Poly sum = overflow_ ? *this : other;
  if (sum.overflow_) return sum;
  for (const auto& [monomial, coefficient] : terms_) sum.AddTerm(monomial, coefficient);
  return sum;
}

Poly Poly::operator-(const Poly& other) const { return *this + Constant(-1) * other; }

Poly Poly::operator*(const Poly& other) const {
  Poly product;
  product.overflow_ = overflow_ || other.overflow_;
  for (const auto& [a, m] : terms_) {
    for (const auto& [b, n] : other.terms_) {
      int64_t coefficient = 0;
      if (__builtin_mul_overflow(m, n, &coefficient)) {
        product.terms_.clear();
        product.overflow_ = true;
      }
      Monomial monomial;
      std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(monomial));
      product.AddTerm(std::move(monomial), coefficient);
    }
  }
  return product;
}

std::optional<int64_t> Poly::AsConstant() const {
  if (overflow_) return std::nullopt;
  if (terms_.empty()) return 0;
  if (terms_.size() == 1 && terms_.begin()->first.empty()) return terms_.begin()->second;
  return std::nullopt;
}

std::vector<std::string> Poly::Axes() const {
  std::set<std::string> axes;
  for (const auto& [monomial, coefficient] : terms_) axes.insert(monomial.begin(), monomial.end());
  return {axes.begin(), axes.end()};
}

std::optional<Poly> Poly::DividedBy(const Poly& divisor) const {
  if (overflow_ || divisor.terms_.size() != 1) return std::nullopt;
  const auto& [by, factor] = *divisor.terms_.begin();
  Poly quotient;
  for (const auto& [monomial, coefficient] : terms_) {
    if (factor == -1 && coefficient == INT64_MIN) return std::nullopt;
    if (coefficient % factor != 0) return std::nullopt;
    if (!std::includes(monomial.begin(), monomial.end(), by.begin(), by.end())) return std::nullopt;
    Monomial rest;
    std::set_difference(monomial.begin(), monomial.end(), by.begin(), by.end(),
                        std::back_inserter(rest));
    quotient.terms_[rest] = coefficient / factor;
  }
  return quotient;
}

std::optional<int64_t> Poly::Evaluate(const SizeOf& size_of) const {
  if (overflow_) return std::nullopt;
  int64_t sum = 0;
  for (const auto& [monomial, coefficient] : terms_) {
    int64_t term = coefficient;
    for (const std::string& axis : monomial) {
      const std::optional<int64_t> size = size_of(axis);
      if (!size || __builtin_mul_overflow(term, *size, &term)) return std::nullopt;
    }
    if (__builtin_add_overflow(sum, term, &sum)) return std::nullopt;
  }
  return sum;
}

Poly Poly::Substitute(const SizeOf& size_of) const {
  Poly result;
  result.overflow_ = overflow_;
  for (const auto& [monomial, coefficient] : terms_) {
    Poly term = Constant(coefficient);
    for (const std::string& axis : monomial) {
      const std::optional<int64_t> size = size_of(axis);
      term = term * (size ? Constant(*size) : Axis(axis));
    }
    result = result + term;
  }
  return result;
}

std::optional<Poly::Linear> Poly::AsLinear() const {
  Linear linear{"", 0, 0};
  for (const auto& [monomial, coefficient] : terms_) {
    if (monomial.empty()) {
      linear.constant = coefficient;
    } else if (monomial.size() == 1 && linear.axis.empty()) {
      linear.axis = monomial[0];
      linear.factor = coefficient;
    } else {
      return std::nullopt;
    }
  }
  if (linear.axis.empty()) return std::nullopt;
  return linear;
}

std::string Poly::ToString() const {
  if (overflow_) return "a number beyond 63 bits";
  if (terms_.empty()) return "0";
  std::string text;
  auto append = [&](const Monomial& monomial, int64_t coefficient) {
    if (!text.empty())
      text += coefficient < 0 ? " - " : " + ";
    else if (coefficient < 0)
      text += "-";
    const uint64_t n =
        coefficient < 0 ? -static_cast<uint64_t>(coefficient) : static_cast<uint64_t>(coefficient);
    bool first = true;
    if (n != 1 || monomial.empty()) {
      text += std::to_string(n);
      first = false;
    }
    for (const std::string& axis : monomial) {
      if (!first) text += "*";
      text += axis;
      first = false;
    }
  };
  for (const auto& [monomial, coefficient] : terms_) {
    if (!monomial.empty()) append(monomial, coefficient);
  }
  if (auto constant = terms_.find({}); constant != terms_.end()) append({}, constant->second);
  return text;
}

}  // namespace rr
