#include "base/poly.h"

#include <algorithm>
#include <iterator>
#include <set>

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

Poly Poly::operator+(const Poly& other) const {
  Poly sum = *this;
  for (const auto& [monomial, coefficient] : other.terms_) {
    const int64_t n = sum.terms_[monomial] += coefficient;
    if (n == 0) sum.terms_.erase(monomial);
  }
  return sum;
}

Poly Poly::operator-(const Poly& other) const { return *this + Constant(-1) * other; }

Poly Poly::operator*(const Poly& other) const {
  Poly product;
  for (const auto& [a, m] : terms_) {
    for (const auto& [b, n] : other.terms_) {
      Monomial monomial;
      std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(monomial));
      const int64_t coefficient = product.terms_[monomial] += m * n;
      if (coefficient == 0) product.terms_.erase(monomial);
    }
  }
  return product;
}

std::optional<int64_t> Poly::AsConstant() const {
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
  if (divisor.terms_.size() != 1) return std::nullopt;
  const auto& [by, factor] = *divisor.terms_.begin();
  Poly quotient;
  for (const auto& [monomial, coefficient] : terms_) {
    if (coefficient % factor != 0) return std::nullopt;
    if (!std::includes(monomial.begin(), monomial.end(), by.begin(), by.end())) return std::nullopt;
    Monomial rest;
    std::set_difference(monomial.begin(), monomial.end(), by.begin(), by.end(), std::back_inserter(rest));
    quotient.terms_[rest] = coefficient / factor;
  }
  return quotient;
}

std::optional<int64_t> Poly::Evaluate(const SizeOf& size_of) const {
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
  if (terms_.empty()) return "0";
  std::string text;
  auto append = [&](const Monomial& monomial, int64_t coefficient) {
    if (!text.empty()) text += coefficient < 0 ? " - " : " + ";
    else if (coefficient < 0) text += "-";
    const int64_t n = std::abs(coefficient);
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
