#include "bind/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
namespace rr {

Model::Model(const CheckedRules& rules, Config config, std::map<std::string, int64_t> given)
    : rules_(&rules), config_(std::move(config)), given_(std::move(given)) {}

const std::string& Model::IndexAxisOfKind(const std::string& kind) const {
  static const std::string kNone;
  const auto found = rules_->index_axes.of_kind.find(kind);
  return found == rules_->index_axes.of_kind.end() ? kNone : found->second;
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
  if (!resolving_.insert(axis).second) {
    cycle_ = true;
    return kUnknown;  // a formula that needs itself: another way may solve it
  }
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
  if (!size.value && size.error.empty() && solved != solved_.end()) {
    size = solved->second;
    // A config that says null where the tensors show a size contradicts them.
    if (rule != nullptr && rule->formula) {
      for (const std::string& name : rule->formula->DirectNames()) {
        const std::optional<Value> said = config_.Lookup(name);
        if (said && said->IsNull())
          size.error =
              fmt::format("{} is null, but {} is {} ({})", name, axis, *size.value, size.origin);
      }
    }
  }
  if (!size.value && size.error.empty() && rule != nullptr && rule->fallback && use_defaults_ &&
      config_.SaysAnything()) {
    size = FromOutcome(*rule->fallback, Evaluate(*rule->fallback));
    size.by_default = size.value.has_value();
    if (size.value) size.origin = fmt::format("{} by default", rule->fallback->text().text);
  }
  resolving_.erase(axis);
  // What was found on the way round a circle may be known when it is asked for by itself.
  const bool keep = !cycle_ || resolving_.empty() || size.value;
  if (resolving_.empty()) cycle_ = false;
  if (keep) return resolved_[axis] = std::move(size);
  return kUnknown;
}

std::string Model::StandInOf(const CheckedEntry& entry) const {
  for (const CheckedLeaf& leaf : entry.leaves) {
    for (const std::string& axis : rules_->tensors[static_cast<size_t>(leaf.tensor)].axes) {
      if (IsStandIn(axis)) return axis;
    }
  }
  return "";
}

std::optional<int64_t> Model::SizeOf(const std::string& axis, std::optional<int64_t> index) const {
  const AxisRule* rule = rules_->file->FindAxis(axis);
  if (rule == nullptr || rule->kind != AxisRule::Kind::kByKind || given_.count(axis) > 0) {
    return Resolve(axis).value;
  }
  if (!resolving_.insert(axis).second) {
    cycle_ = true;
    return std::nullopt;  // a size that needs itself
  }
  std::optional<int64_t> size;
  for (const auto& [kind, formula] : rule->by_kind) {
    const std::string& index_axis = IndexAxisOfKind(kind.text);
    if (!index_axis.empty() && !index) break;
    const At at = index_axis.empty() ? At{} : At{index_axis, *index};
    const auto& kinds = KindsAt(at);
    const auto holds = kinds.find(kind.text);
    if (holds == kinds.end() || !holds->second) continue;
    size = FromOutcome(formula, EvaluateAt(formula, at)).value;
    break;
  }
  resolving_.erase(axis);
  return size;
}

std::string Model::OriginOf(const std::string& axis) const { return Resolve(axis).origin; }

void Model::Solve(const std::string& axis, int64_t size, const std::string& where) {
  Size found;
  found.value = size;
  found.origin = where;
  solved_.emplace(axis, std::move(found));
  Forget();
}

const std::map<std::string, bool>& Model::KindsAt(const At& at) const {
  if (const auto done = kinds_at_.find(at); done != kinds_at_.end()) return done->second;
  // While it is being made it is empty: a kind that needs itself is unknown.
  std::map<std::string, bool>& kinds = kinds_at_[at];
  for (size_t p = 0; p < rules_->file->kinds.size(); ++p) {
    const KindRule& kind = rules_->file->kinds[p];
    if (kind.cases.empty()) continue;
    const std::string& index_axis = IndexAxisOfKind(kind.cases[0].first.text);
    if (!index_axis.empty() && index_axis != at.axis) continue;  // asked at another index
    bool decided = false;
    for (const auto& [name, formula] : kind.cases) {
      if (!formula || decided) {  // the first case that holds is the kind
        kinds[name.text] = !decided;
        continue;
      }
      const Formula::Outcome outcome = EvaluateAt(*formula, at);
      const bool* holds = outcome.AsBool();
      if (holds == nullptr) {  // unknown, and so is everything after it
        const auto seen = seen_.find({p, index_axis.empty() ? 0 : at.value});
        if (seen == seen_.end() || kinds.count(seen->second) > 0) break;
        for (const auto& one : kind.cases) kinds[one.first.text] = one.first.text == seen->second;
        break;
      }
      kinds[name.text] = *holds;
      decided = *holds;
    }
  }
  return kinds;
}

const std::string& Model::IndexAxisOfPartition(size_t partition) const {
  static const std::string kNone;
  const KindRule& kind = rules_->file->kinds[partition];
  return kind.cases.empty() ? kNone : IndexAxisOfKind(kind.cases[0].first.text);
}

std::vector<std::string> Model::OpenKinds(size_t partition, int64_t index) const {
  const std::string& axis = IndexAxisOfPartition(partition);
  const auto& kinds = KindsAt(axis.empty() ? At{} : At{axis, index});
  std::vector<std::string> open;
  for (const auto& one : rules_->file->kinds[partition].cases) {
    const auto holds = kinds.find(one.first.text);
    if (holds == kinds.end()) open.push_back(one.first.text);
    if (holds != kinds.end() && holds->second) return {};
  }
  return open;
}

void Model::See(size_t partition, int64_t index, const std::string& kind) {
  if (kind.empty()) {
    seen_.erase({partition, index});
  } else {
    seen_[{partition, index}] = kind;
  }
  Forget();
}

std::optional<Value> Model::Lookup(const std::string& name, const At& at) const {
  if (IsAxisName(name)) {
    if (name == at.axis) return Value(at.value);
    const std::optional<int64_t> size =
        SizeOf(name, at.axis.empty() ? std::nullopt : std::optional(at.value));
    return size ? std::optional(Value(*size)) : std::nullopt;
  }
  const auto kind = rules_->index_axes.of_kind.find(name);
  if (kind == rules_->index_axes.of_kind.end()) return config_.Lookup(name);
  if (!kind->second.empty() && kind->second != at.axis) return std::nullopt;
  const auto& kinds = KindsAt(kind->second.empty() ? At{} : at);
  const auto holds = kinds.find(name);
  return holds == kinds.end() ? std::nullopt : std::optional(Value(holds->second));
}

Formula::Outcome Model::EvaluateAt(const Formula& formula, const At& at) const {
  return formula.Evaluate([&](const std::string& name) { return Lookup(name, at); });
}

std::optional<bool> Model::Exists(int block, std::optional<int64_t> index) const {
  const std::optional<Formula>& where = rules_->file->blocks[static_cast<size_t>(block)].where;
  if (!where) return true;
  const Formula::Outcome outcome =
      EvaluateAt(*where, index ? At{IndexAxisOf(block), *index} : At{});
  if (const bool* holds = outcome.AsBool()) return *holds;
  return std::nullopt;
}

std::string Model::WhyAbsent(int block, std::optional<int64_t> index) const {
  const BlockRule& rule = rules_->file->blocks[static_cast<size_t>(block)];
  std::vector<std::string> words;
  for (const Formula::Name& name : rule.where->Names()) {
    const std::optional<Value> value =
        Lookup(name.name, index ? At{IndexAxisOf(block), *index} : At{});
    words.push_back(value ? fmt::format("{} is {}", name.name, ToJson(*value))
                          : fmt::format("{} is not in the config", name.name));
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return fmt::format("block `{}` is there where {}: {}", rule.name.text, rule.where->text().text,
                     JoinWords(words));
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
  CheckKinds(diagnostics);
  // Without a config nothing contradicts the family's requirements; a layout's must be known to
  // hold.
  for (const Formula& formula : rules_->file->require) {
    if (Evaluate(formula).kind != Formula::Outcome::Kind::kAbsent)
      Require(formula, "the rules of " + rules_->file->family.text, diagnostics);
  }
}

// What the config says of kinds can be read: an attribute that is absent is seen in the keys, one
// that makes no sense is not made up for by them.
void Model::CheckKinds(Diagnostics* diagnostics) const {
  for (const KindRule& partition : rules_->file->kinds) {
    for (const auto& [name, formula] : partition.cases) {
      if (!formula) continue;
      const std::string& axis = IndexAxisOfKind(name.text);
      const Formula::Outcome outcome = EvaluateAt(*formula, axis.empty() ? At{} : At{axis, 0});
      if (outcome.ok() || outcome.kind == Formula::Outcome::Kind::kAbsent) continue;
      diagnostics
          ->Add(Code::kBadConfig, formula->text().place(),
                fmt::format("what is `{}` cannot be had from the config: {}", name.text,
                            outcome.message))
          .help = "check config.json against the family, or give --set";
    }
  }
}

void Model::CheckRequirements(const CheckedLayout& layout, Diagnostics* diagnostics) const {
  for (const Formula* formula : layout.require)
    Require(*formula, "layout `" + layout.name.text + "`", diagnostics);
}

void Model::Require(const Formula& formula, const std::string& who,
                    Diagnostics* diagnostics) const {
  const Formula::Outcome outcome = Evaluate(formula);
  const bool* holds = outcome.AsBool();
  if (holds != nullptr && *holds) return;
  const bool unknown = outcome.kind == Formula::Outcome::Kind::kAbsent;
  Diagnostic& d = diagnostics->Add(
      Code::kRequirementFailed, formula.text().place(),
      fmt::format("{} holds only where {}{}", who, formula.text().text,
                  outcome.ok() ? ""
                  : unknown    ? fmt::format(", and `{}` is unknown", outcome.absent_name)
                               : ": " + outcome.message));
  if (unknown) d.help = "give --config, or --set NAME=VALUE";
}

}  // namespace rr
