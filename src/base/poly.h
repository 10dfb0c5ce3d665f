// Polynomials over axis sizes with whole coefficients: shapes, strides and offsets before a config
// is known.
//
// Two shapes are equal for every config exactly when their polynomials are equal, so `shape: [E,
// 2*I, H]` can be checked against `E {gate[I] | up[I]} H` without a number. Coefficients beyond 63
// bits make a polynomial that has no value: sizes come from files that anybody may have written.
#ifndef RULE_RUNNER_BASE_POLY_H_
#define RULE_RUNNER_BASE_POLY_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rr {

class Poly {
 public:
  Poly() = default;  // zero
  static Poly Constant(int64_t n);
  static Poly Axis(const std::string& name);

  Poly operator+(const Poly& other) const;
  Poly operator-(const Poly& other) const;
  Poly operator*(const Poly& other) const;
  bool operator==(const Poly&) const = default;

  bool IsZero() const { return terms_.empty() && constant_ == 0 && !overflow_; }
  // Whether a coefficient is beyond 63 bits.
  bool Overflows() const { return overflow_; }
  // The value when it does not depend on any axis.
  std::optional<int64_t> AsConstant() const;
  std::vector<std::string> Axes() const;  // sorted, each once
  bool Has(std::string_view axis) const;
  size_t TermCount() const { return terms_.size() + (constant_ != 0 ? 1 : 0); }
  // The quotient when `divisor` is one term (an axis, a product) that divides every term.
  std::optional<Poly> DividedBy(const Poly& divisor) const;

  using SizeOf = std::function<std::optional<int64_t>(const std::string&)>;
  // nullopt when an axis has no size or the arithmetic overflows 63 bits.
  std::optional<int64_t> Evaluate(const SizeOf& size_of) const;
  // Puts in the sizes that are known.
  Poly Substitute(const SizeOf& size_of) const;
  // When it is a * axis + b for one single axis: that axis, a and b.
  struct Linear {
    std::string axis;
    int64_t factor;
    int64_t constant;
  };
  std::optional<Linear> AsLinear() const;

  // "2*I*H + 3": terms in the order of their axes, the constant last.
  std::string ToString() const;

 private:
  using Monomial = std::vector<std::string>;  // sorted axis names; a power is a repetition
  void AddTerm(Monomial monomial, int64_t coefficient);
  Poly Times(int64_t factor) const;
  void SetOverflow();

  std::vector<std::pair<Monomial, int64_t>> terms_;  // sorted, each with axes, none of them zero
  int64_t constant_ = 0;
  bool overflow_ = false;  // then nothing else counts
};

}  // namespace rr

#endif  // RULE_RUNNER_BASE_POLY_H_
