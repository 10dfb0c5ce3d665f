// One model of a family: sizes of axes, kinds of layers, conditions of blocks.
//
// Enters: checked rules, a config (or none), sizes solved from the shapes found. Everything is
// looked up lazily: a size that no key needs may stay unknown. Each size remembers where it came
// from.
#ifndef RULE_RUNNER_BIND_MODEL_H_
#define RULE_RUNNER_BIND_MODEL_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "bind/config.h"
#include "check/checked_rules.h"

namespace rr {

class Model {
 public:
  // `config` holds --set as well; `given` are sizes of axes by name (--set L=4, tests).
  Model(const CheckedRules& rules, Config config, std::map<std::string, int64_t> given);

  const CheckedRules& rules() const { return *rules_; }
  const Config& config() const { return config_; }

  // The size of an axis; `index` is the value of the index axis where the size differs by kind.
  // nullopt when it is unknown.
  std::optional<int64_t> SizeOf(const std::string& axis,
                                std::optional<int64_t> index = std::nullopt) const;
  // Where a size comes from, for messages: "num_experts = 4 in the config", "solved from the
  // shapes".
  std::string OriginOf(const std::string& axis) const;
  // Whether neither the config nor a shape says the size, but the axis's `default` does.
  bool IsByDefault(const std::string& axis) const { return Resolve(axis).by_default; }
  // Whether the size was given by name, or solved from what was found.
  bool IsGiven(const std::string& axis) const { return given_.count(axis) > 0; }
  bool IsSolved(const std::string& axis) const { return solved_.count(axis) > 0; }
  // Whether the size differs from layer to layer.
  bool IsByKind(const std::string& axis) const;
  // Gives an axis the size that the shapes found show. Ignored where the config decides.
  void Solve(const std::string& axis, int64_t size, const std::string& where);
  // The same for a size that is only one of several that fit: products of such sizes are right, and
  // only they may be used.
  void StandIn(const std::string& axis, int64_t size, const std::string& where) {
    stand_ins_.insert(axis);
    Solve(axis, size, where);
  }
  // A size that follows from one that stands in.
  void MarkStandIn(const std::string& axis) { stand_ins_.insert(axis); }
  bool IsStandIn(const std::string& axis) const { return stand_ins_.count(axis) > 0; }
  // The first axis of an entry's tensors whose size stands in; empty when there is none.
  std::string StandInOf(const CheckedEntry& entry) const;
  // Whether a config that leaves an attribute out means the `default` of an axis. Off while shapes
  // are asked, which come first.
  void UseDefaults(bool use) {
    use_defaults_ = use;
    Forget();
  }

  // The axis whose index decides conditions and sizes of this block ("" when nothing depends on an
  // index).
  const std::string& IndexAxisOf(int block) const {
    return rules_->index_axes.of_block[static_cast<size_t>(block)];
  }
  // Whether the block exists (at this value of its index axis). nullopt: the condition uses an
  // attribute that is absent.
  std::optional<bool> Exists(int block, std::optional<int64_t> index) const;
  // Why it does not, for messages: its condition, and what each name in it is here.
  std::string WhyAbsent(int block, std::optional<int64_t> index) const;
  // The values of the index axis at which the block exists; size 0 when it exists nowhere.
  std::vector<int64_t> IndexValues(int block) const;

  // Partitions of kinds, by index into RuleFile::kinds: the axis whose index decides ("" when none
  // does), the kinds that may hold at an index where the config does not say which, and which one
  // the keys show ("" takes it back).
  const std::string& IndexAxisOfPartition(size_t partition) const;
  std::vector<std::string> OpenKinds(size_t partition, int64_t index) const;
  void See(size_t partition, int64_t index, const std::string& kind);

  // A formula in terms of this model; every axis in it is a size.
  Formula::Outcome Evaluate(const Formula& formula) const { return EvaluateAt(formula, {}); }

  // The sizes that a layout's keys need are whole numbers, and the family's requirements hold:
  // RR406, RR410, RR422.
  void CheckConfig(const CheckedLayout& layout, Diagnostics* diagnostics) const;
  // What one layout asks of a config: RR410.
  void CheckRequirements(const CheckedLayout& layout, Diagnostics* diagnostics) const;

 private:
  struct Size {
    std::optional<int64_t> value;
    std::string origin;
    std::string error;
    bool inexact = false;
    bool by_default = false;
  };
  // A value of an index axis; no axis: formulas see sizes only.
  struct At {
    std::string axis;
    int64_t value = 0;
    auto operator<=>(const At&) const = default;
  };
  const Size& Resolve(const std::string& axis) const;
  Size FromOutcome(const Formula& formula, const Formula::Outcome& outcome) const;
  // What a name in a formula is: an axis, a kind, or an attribute of the config.
  std::optional<Value> Lookup(const std::string& name, const At& at) const;
  Formula::Outcome EvaluateAt(const Formula& formula, const At& at) const;
  const std::map<std::string, bool>& KindsAt(const At& at) const;
  void Forget() {
    resolved_.clear();
    kinds_at_.clear();
  }
  const std::string& IndexAxisOfKind(const std::string& kind) const;
  void CheckKinds(Diagnostics* diagnostics) const;
  void Require(const Formula& formula, const std::string& who, Diagnostics* diagnostics) const;

  const CheckedRules* rules_;
  Config config_;
  std::map<std::string, int64_t> given_;
  std::map<std::string, Size> solved_;
  std::set<std::string> stand_ins_;
  bool use_defaults_ = true;
  mutable std::map<std::string, Size> resolved_;
  mutable std::set<std::string> resolving_;
  mutable bool cycle_ = false;  // a formula needed itself since the outermost Resolve began
  mutable std::map<At, std::map<std::string, bool>> kinds_at_;
  std::map<std::pair<size_t, int64_t>, std::string> seen_;  // per partition and index
};

}  // namespace rr

#endif  // RULE_RUNNER_BIND_MODEL_H_
