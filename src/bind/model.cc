#include "bind/model.h"

#include <fmt/format.h>

#include <utility>

namespace rr {

Model::Model(const CheckedRules& rules, Config config, std::map<std::string, int64_t> given)
    : rules_(&rules), config_(std::move(config)), given_(std::move(given)) {
  for (const LogicalTensor& tensor : rules.tensors)
    tensor_axes_.insert(tensor.axes.begin(), tensor.axes.end());
  FindIndexAxes();
}

// An axis that is an axis of tensors is, in a condition, the index: `L not in mlp_only_layers`.
// Other axes are sizes.
void Model::FindIndexAxes() {
  const RuleFile& file = *rules_->file;
  for (const KindRule& kind : file.kinds) {
    std::set<std::string> axes;
    for (const auto& [name, formula] : kind.cases) {
      if (!formula) continue;
      for (const Formula::Name& used : formula->Names()) {
        if (tensor_axes_.count(used.name) > 0) axes.insert(used.name);
      }
    }
    for (const auto& [name, formula] : kind.cases) kind_axes_[name.text] = axes;
  }
  for (size_t b = 0; b < file.blocks.size(); ++b) {
    std::set<std::string> axes, own;
    for (const LogicalTensor& tensor : rules_->tensors) {
      if (tensor.block == static_cast<int>(b)) own.insert(tensor.axes.begin(), tensor.axes.end());
    }
    if (file.blocks[b].where) {
      for (const Formula::Name& used : file.blocks[b].where->Names()) {
        if (const auto kind = kind_axes_.find(used.name); kind != kind_axes_.end())
          axes.insert(kind->second.begin(), kind->second.end());
        if (own.count(used.name) > 0) axes.insert(used.name);
      }
    }
    for (const std::string& axis : own) {
      const AxisRule* rule = file.FindAxis(axis);
      if (rule == nullptr || rule->kind != AxisRule::Kind::kByKind) continue;
      for (const auto& [kind, formula] : rule->by_kind)
        axes.insert(kind_axes_[kind.text].begin(), kind_axes_[kind.text].end());
    }
    index_axes_.push_back(axes.empty() ? "" : *axes.begin());
  }
}

bool Model::IsByKind(const std::string& axis) const {
  const AxisRule* rule = rules_->file->FindAxis(axis);
  return rule != nullptr && rule->kind == AxisRule::Kind::kByKind;
}

Model::Size Model::FromOutcome(const Formula& formula, const Formula::Outcome& outcome) const {
  Size size;
  if (outcome.kind == Formula::Outcome::Kind::kAbsent) return size;
  if (!outcome.ok()) {
    size.error = outcome.message;
    size.inexact = outcome.kind == Formula::Outcome::Kind::kInexact;
    return size;
  }
  const int64_t* n = outcome.value.AsInt();
  if (n == nullptr || *n < 0) {
    size.error = fmt::format("{} is {}, where a size is a whole number", formula.text().text,
                             ToJson(outcome.value));
    return size;
  }
  size.value = *n;
  size.origin = fmt::format("{} = {}", formula.text().text, *n);
  return size;
}

const Model::Size& Model::Resolve(const std::string& axis) const {
  if (const auto done = resolved_.find(axis); done != resolved_.end()) return done->second;
  static const Size kUnknown;
  if (!resolving_.insert(axis).second)
    return kUnknown;  // a formula that needs itself: another way may solve it
  Size size;
  const AxisRule* rule = rules_->file->FindAxis(axis);
  const auto given = given_.find(axis);
  const auto solved = solved_.find(axis);
  if (given != given_.end()) {
    size.value = given->second;
    size.origin = fmt::format("{} = {} as given", axis, given->second);
  } else if (rule != nullptr && rule->kind == AxisRule::Kind::kWords) {
    size.value = static_cast<int64_t>(rule->words.size());
    size.origin = "its words";
  } else if (rule != nullptr && rule->kind == AxisRule::Kind::kFree && solved != solved_.end()) {
    size = solved->second;
  } else if (rule != nullptr && rule->formula) {
    size = FromOutcome(*rule->formula, Evaluate(*rule->formula));
  }
  if (!size.value && size.error.empty() && solved != solved_.end()) size = solved->second;
  resolving_.erase(axis);
  return resolved_[axis] = std::move(size);
}

std::optional<int64_t> Model::SizeOf(const std::string& axis, std::optional<int64_t> index) const {
  const AxisRule* rule = rules_->file->FindAxis(axis);
  if (rule != nullptr && rule->kind == AxisRule::Kind::kByKind && given_.count(axis) == 0) {
    if (!index) return std::nullopt;
    const auto& kinds = KindsAt(*index);
    for (const auto& [kind, formula] : rule->by_kind) {
      const auto holds = kinds.find(kind.text);
      if (holds == kinds.end() || !holds->second) continue;
      return FromOutcome(formula, Evaluate(formula, index)).value;
    }
    return std::nullopt;
  }
  return Resolve(axis).value;
}

std::string Model::OriginOf(const std::string& axis) const { return Resolve(axis).origin; }

void Model::Solve(const std::string& axis, int64_t size, const std::string& where) {
  Size found;
  found.value = size;
  found.origin = where;
  solved_.emplace(axis, std::move(found));
  resolved_.clear();
  kinds_at_.clear();
}

const std::map<std::string, bool>& Model::KindsAt(int64_t index) const {
  if (const auto done = kinds_at_.find(index); done != kinds_at_.end()) return done->second;
  std::map<std::string, bool> kinds;
  for (const KindRule& kind : rules_->file->kinds) {
    bool decided = false;
    bool unknown = false;
    for (const auto& [name, formula] : kind.cases) {
      if (!formula) {
        if (!unknown) kinds[name.text] = !decided;
        continue;
      }
      const Formula::Outcome outcome = Evaluate(*formula, index);
      const bool* holds = outcome.ok() ? outcome.value.AsBool() : nullptr;
      if (holds == nullptr) {
        unknown = true;  // and so is everything after it
        break;
      }
      kinds[name.text] = !decided && *holds;
      decided = decided || *holds;
    }
  }
  return kinds_at_[index] = std::move(kinds);
}

Formula::Outcome Model::Evaluate(const Formula& formula, std::optional<int64_t> index) const {
  return formula.Evaluate([&](const std::string& name) -> std::optional<Value> {
    if (IsAxisName(name)) {
      if (index && IsIndexAxis(name)) return Value(*index);
      const std::optional<int64_t> size = Resolve(name).value;
      return size ? std::optional(Value(*size)) : std::nullopt;
    }
    if (const auto kind = kind_axes_.find(name); kind != kind_axes_.end() && index) {
      const auto& kinds = KindsAt(*index);
      const auto holds = kinds.find(name);
      return holds == kinds.end() ? std::nullopt : std::optional(Value(holds->second));
    }
    return config_.Lookup(name);
  });
}

std::optional<bool> Model::Exists(int block, std::optional<int64_t> index) const {
  const std::optional<Formula>& where = rules_->file->blocks[static_cast<size_t>(block)].where;
  if (!where) return true;
  const Formula::Outcome outcome = Evaluate(*where, index);
  if (!outcome.ok()) return std::nullopt;
  if (const bool* holds = outcome.value.AsBool()) return *holds;
  if (outcome.value.IsNull()) return false;
  return std::nullopt;
}

std::vector<int64_t> Model::IndexValues(int block) const {
  std::vector<int64_t> values;
  const std::optional<int64_t> size = SizeOf(IndexAxisOf(block));
  for (int64_t i = 0; size && i < *size; ++i) {
    if (Exists(block, i).value_or(false)) values.push_back(i);
  }
  return values;
}

void Model::CheckConfig(const CheckedLayout& layout, Diagnostics* diagnostics) const {
  std::set<std::string> needed;
  for (const CheckedEntry& entry : layout.entries) {
    for (const std::string& axis : entry.key.Captures()) needed.insert(axis);
    for (const NamedPlace& axis : AxesIn(entry.expr)) needed.insert(axis.name);
  }
  for (const AxisRule& axis : rules_->file->axes) {
    if (axis.kind == AxisRule::Kind::kByKind || needed.count(axis.name.text) == 0) continue;
    const Size& size = Resolve(axis.name.text);
    if (size.error.empty()) continue;
    Diagnostic& d =
        diagnostics->Add(size.inexact ? Code::kInexactDivision : Code::kBadConfig, axis.name.place,
                         fmt::format("the size of {} cannot be had from the config: {}",
                                     axis.name.text, size.error));
    d.help = "check config.json against the family, or give --set";
  }
  for (const Formula& formula : rules_->file->require)
    Require(formula, "the rules of " + rules_->file->family.text, diagnostics);
}

void Model::CheckRequirements(const CheckedLayout& layout, Diagnostics* diagnostics) const {
  for (const Formula* formula : layout.require)
    Require(*formula, "layout `" + layout.name.text + "`", diagnostics);
}

void Model::Require(const Formula& formula, const std::string& who,
                    Diagnostics* diagnostics) const {
  const Formula::Outcome outcome = Evaluate(formula);
  const bool* holds = outcome.ok() ? outcome.value.AsBool() : nullptr;
  if (outcome.kind == Formula::Outcome::Kind::kAbsent || (holds != nullptr && *holds)) return;
  diagnostics->Add(Code::kRequirementFailed, formula.text().place(),
                   fmt::format("{} holds only where {}{}", who, formula.text().text,
                               outcome.ok() ? "" : ": " + outcome.message));
}

}  // namespace rr
