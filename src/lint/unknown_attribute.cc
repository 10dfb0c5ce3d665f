// RR310: a config attribute that no real config has.
//
// Families share formulas, and `num_experts ?? num_local_experts` names what only one of them has:
// an attribute is known when any model has it. One that is unknown is reported when it is nearly
// the name of one that is known, or when all configs of the family are known and no `??` says that
// it may be absent.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/suggest.h"
#include "base/text.h"
#include "lint/passes.h"

namespace rr {
namespace {

// The names that stand before a `??`.
void OptionalNames(const FormulaNode& node, std::set<std::string>* names) {
  const bool coalesce = node.op == FormulaNode::Op::kCoalesce;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    const FormulaNode& operand = *node.operands[i];
    const FormulaNode* name = &operand;
    while (name->op == FormulaNode::Op::kIndex) name = name->operands[0].get();
    if (coalesce && i + 1 < node.operands.size() && name->op == FormulaNode::Op::kName)
      names->insert(name->name);
    OptionalNames(operand, names);
  }
}

class Checker {
 public:
  Checker(const LintContext& context, Diagnostics* diagnostics)
      : context_(context), diagnostics_(diagnostics), known_(context.attributes->All()) {
    const RuleFile& file = *context.rules.file;
    for (const KindRule& kind : file.kinds) {
      for (const auto& [name, formula] : kind.cases) kinds_.insert(name.text);
    }
    all_known_ =
        !file.model_types.empty() &&
        std::all_of(file.model_types.begin(), file.model_types.end(), [&](const SpannedText& type) {
          return context.attributes->HasType(type.text);
        });
  }

  void Check(const Formula& formula) {
    std::set<std::string> optional;
    if (formula.root() != nullptr) OptionalNames(*formula.root(), &optional);
    for (const Formula::Name& name : formula.Names()) {
      if (IsAxisName(name.name) || kinds_.count(name.name) > 0) continue;
      if (context_.attributes->Has(name.name) || !seen_.insert(name.name).second) continue;
      const std::string near = Nearest(name.name, formula);
      const bool certain =
          all_known_ && context_.IsOwn(name.place) && optional.count(name.name) == 0;
      if (near.empty() && !certain) continue;
      Diagnostic& finding =
          diagnostics_->Add(Code::kUnknownAttribute, name.place,
                            fmt::format("no real config.json has an attribute `{}`", name.name));
      // A family whose configs are not known may have its own attribute of nearly that name.
      if (!near.empty()) Suggest(&finding, name.name, {near});
      if (!all_known_) finding.fix.clear();
    }
  }
  void Check(const std::optional<Formula>& formula) {
    if (formula) Check(*formula);
  }

 private:
  // A known attribute that differs by a slip of the fingers; attributes are alike by nature
  // (`n_layer`, `n_layers`), so two edits are allowed in long names only.
  // `num_heads ?? num_head` means two attributes: a name in the formula is not another one of it.
  std::string Nearest(const std::string& name, const Formula& formula) const {
    const int most = name.size() >= 10 ? 2 : 1;
    if (name.size() < 6) return "";
    std::string nearest;
    int best = most + 1;
    for (const std::string& known : known_) {
      const auto longer = static_cast<int>(std::max(known.size(), name.size()));
      if (longer - static_cast<int>(std::min(known.size(), name.size())) > most) continue;
      const int distance = EditDistance(name, known);
      if (distance < best && !IsIn(formula, known)) {
        best = distance;
        nearest = known;
      }
    }
    return nearest;
  }

  static bool IsIn(const Formula& formula, const std::string& name) {
    const std::vector<Formula::Name> names = formula.Names();
    return std::any_of(names.begin(), names.end(),
                       [&](const Formula::Name& other) { return other.name == name; });
  }

  const LintContext& context_;
  Diagnostics* diagnostics_;
  std::vector<std::string> known_;
  std::set<std::string> kinds_, seen_;
  bool all_known_ = false;
};

}  // namespace

void FindUnknownAttributes(const LintContext& context, Diagnostics* diagnostics) {
  if (context.attributes == nullptr) return;
  const RuleFile& file = *context.rules.file;
  Checker checker(context, diagnostics);
  for (const AxisRule& axis : file.axes) {
    checker.Check(axis.formula);
    checker.Check(axis.fallback);
    for (const auto& [kind, formula] : axis.by_kind) checker.Check(formula);
  }
  for (const KindRule& kind : file.kinds) {
    for (const auto& [name, formula] : kind.cases) checker.Check(formula);
  }
  for (const BlockRule& block : file.blocks) checker.Check(block.where);
  for (const Formula& formula : file.require) checker.Check(formula);
  for (const LayoutRule& layout : file.layouts) {
    for (const Formula& formula : layout.require) checker.Check(formula);
  }
}

}  // namespace rr
