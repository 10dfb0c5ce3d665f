// What a formula or an axis means, as text that is equal for two versions of a rule file whatever
// their axes and kinds are called and however a formula is written.
//
// Sums and products become polynomials, operands of what commutes are sorted, `not` goes inward, a
// kind stands for its condition and an axis that is made of other axes for what it is made of. Two
// formulas with one normal form are equal; the converse does not hold for every rewriting.
#ifndef RULE_RUNNER_LINT_NORMAL_FORM_H_
#define RULE_RUNNER_LINT_NORMAL_FORM_H_

#include <map>
#include <string>
#include <utility>

#include "base/poly.h"
#include "syntax/rule_file.h"

namespace rr {

// Axis names of one version -> names that both versions share.
using AxisLabels = std::map<std::string, std::string>;

class NormalForms {
 public:
  // Without labels an axis is its size, so that sizes can be compared before names are.
  explicit NormalForms(const RuleFile& file) : file_(file) {}
  NormalForms(const RuleFile& file, AxisLabels labels)
      : file_(file), labels_(std::move(labels)), labelled_(true) {}

  std::string Of(const Formula& formula) const;
  std::string Of(const Poly& poly) const;
  std::string SizeOf(const AxisRule& axis) const;
  std::string LabelOf(const std::string& axis) const;

 private:
  Poly Number(const FormulaNode& node) const;
  std::string Text(const FormulaNode& node, bool negated) const;
  std::string NameText(const std::string& name, bool negated) const;
  std::string Meaning(const std::string& name, bool negated) const;
  std::string Size(const AxisRule& axis) const;

  const RuleFile& file_;
  AxisLabels labels_;
  bool labelled_ = false;
  mutable int nested_ = 0;
  mutable std::map<std::string, std::string> polys_;
  mutable std::map<std::pair<std::string, bool>, std::string> names_;
};

// Axes of two versions that mean the same: equal sizes first, of those equal names first, then the
// order of the files; what is left goes by its name. Labels are the names of the first version.
void MatchAxes(const RuleFile& before, const RuleFile& after, AxisLabels* of_before,
               AxisLabels* of_after);

}  // namespace rr

#endif  // RULE_RUNNER_LINT_NORMAL_FORM_H_
