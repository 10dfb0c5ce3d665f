#include "lint/constants.h"

#include <optional>

namespace rr {

Constants::Constants(const RuleFile& file) {
  for (size_t round = 0; round <= file.axes.size(); ++round) {
    const size_t before = values_.size();
    for (const AxisRule& axis : file.axes) {
      if (axis.kind != AxisRule::Kind::kFormula || !axis.formula || axis.fallback) continue;
      const Formula::Outcome outcome = axis.formula->Evaluate(Lookup());
      if (outcome.ok() && IsConstant(*axis.formula)) values_[axis.name.text] = outcome.value;
    }
    if (values_.size() == before) break;
  }
}

Formula::Lookup Constants::Lookup() const {
  return [this](const std::string& name) -> std::optional<Value> {
    const auto found = values_.find(name);
    return found == values_.end() ? std::nullopt : std::optional<Value>(found->second);
  };
}

bool Constants::IsConstant(const Formula& formula) const {
  for (const Formula::Name& name : formula.Names()) {
    if (values_.count(name.name) == 0) return false;
  }
  return true;
}

}  // namespace rr
