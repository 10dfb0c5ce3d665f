#include "base/poly.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace rr {

Poly Poly::Constant(int64_t n) {
  Poly p;
  p.constant_ = n;
  return p;
}

Poly Poly::Axis(const std::string& name) {
  Poly p;
  p.terms_.push_back({{name}, 1});
  return p;
}

void Poly::SetOverflow() {
  terms_.clear();
  constant_ = 0;
  overflow_ = true;
}

void Poly::AddTerm(Monomial monomial, int64_t coefficient) {
  if (overflow_ || coefficient == 0) return;
  if (monomial.empty()) {
    if (__builtin_add_overflow(constant_, coefficient, &constant_)) SetOverflow();
    return;
  }
  const auto term = std::lower_bound(terms_.begin(), terms_.end(), monomial,
                                     [](const auto& t, const Monomial& m) { return t.first < m; });
  if (term == terms_.end() || term->first != monomial) {
    terms_.insert(term, {std::move(monomial), coefficient});
  } else if (__builtin_add_overflow(term->second, coefficient, &term->second)) {
    SetOverflow();
  } else if (term->second == 0) {
    terms_.erase(term);
  }
}

Poly Poly::operator+(const Poly& other) const {
  if (overflow_ || other.IsZero()) return *this;
  Poly sum = other;
  for (const auto& [monomial, coefficient] : terms_) sum.AddTerm(monomial, coefficient);
  sum.AddTerm({}, constant_);
  return sum;
}

Poly Poly::operator-(const Poly& other) const { return *this + other.Times(-1); }

Poly Poly::Times(int64_t factor) const {
  if (factor == 1 || overflow_) return *this;
  Poly product;
  if (factor == 0) return product;
  product.terms_ = terms_;
  bool over = __builtin_mul_overflow(constant_, factor, &product.constant_);
  for (auto& [monomial, coefficient] : product.terms_)
    over = __builtin_mul_overflow(coefficient, factor, &coefficient) || over;
  if (over) product.SetOverflow();
  return product;
}

Poly Poly::operator*(const Poly& other) const {
  if (overflow_ || other.overflow_) {
    Poly product;
    product.SetOverflow();
    return product;
  }
  if (other.terms_.empty()) return Times(other.constant_);
  if (terms_.empty()) return other.Times(constant_);
  Poly product;
  const auto add = [&](Monomial monomial, int64_t m, int64_t n) {
    int64_t coefficient = 0;
    if (__builtin_mul_overflow(m, n, &coefficient)) product.SetOverflow();
    product.AddTerm(std::move(monomial), coefficient);
  };
  add({}, constant_, other.constant_);
  for (const auto& [a, m] : terms_) add(a, m, other.constant_);
  for (const auto& [b, n] : other.terms_) add(b, constant_, n);
  for (const auto& [a, m] : terms_) {
    for (const auto& [b, n] : other.terms_) {
      Monomial monomial;
      monomial.reserve(a.size() + b.size());
      std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(monomial));
      add(std::move(monomial), m, n);
    }
  }
  return product;
}

std::optional<int64_t> Poly::AsConstant() const {
  if (overflow_ || !terms_.empty()) return std::nullopt;
  return constant_;
}

std::vector<std::string> Poly::Axes() const {
  std::set<std::string> axes;
  for (const auto& [monomial, coefficient] : terms_) axes.insert(monomial.begin(), monomial.end());
  return {axes.begin(), axes.end()};
}

bool Poly::Has(std::string_view axis) const {
  return std::any_of(terms_.begin(), terms_.end(), [&](const auto& term) {
    return std::find(term.first.begin(), term.first.end(), axis) != term.first.end();
  });
}

std::optional<Poly> Poly::DividedBy(const Poly& divisor) const {
  if (overflow_ || divisor.overflow_ || divisor.TermCount() != 1) return std::nullopt;
  const bool by_number = divisor.terms_.empty();
  const int64_t factor = by_number ? divisor.constant_ : divisor.terms_[0].second;
  const Monomial by = by_number ? Monomial{} : divisor.terms_[0].first;
  const auto divides = [&](int64_t n) {
    return !(factor == -1 && n == INT64_MIN) && n % factor == 0;
  };
  Poly quotient;
  for (const auto& [monomial, coefficient] : terms_) {
    if (!divides(coefficient)) return std::nullopt;
    if (!std::includes(monomial.begin(), monomial.end(), by.begin(), by.end())) return std::nullopt;
    Monomial rest;
    std::set_difference(monomial.begin(), monomial.end(), by.begin(), by.end(),
                        std::back_inserter(rest));
    quotient.AddTerm(std::move(rest), coefficient / factor);
  }
  if (constant_ != 0) {
    if (!by_number || !divides(constant_)) return std::nullopt;
    quotient.AddTerm({}, constant_ / factor);
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
  if (__builtin_add_overflow(sum, constant_, &sum)) return std::nullopt;
  return sum;
}

Poly Poly::Substitute(const SizeOf& size_of) const {
  Poly result = Constant(constant_);
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
  if (terms_.size() != 1 || terms_[0].first.size() != 1) return std::nullopt;
  return Linear{terms_[0].first[0], terms_[0].second, constant_};
}

std::string Poly::ToString() const {
  if (overflow_) return "a number beyond 63 bits";
  if (IsZero()) return "0";
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
  for (const auto& [monomial, coefficient] : terms_) append(monomial, coefficient);
  if (constant_ != 0) append({}, constant_);
  return text;
}

}  // namespace rr
