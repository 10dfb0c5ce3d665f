#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "check/proofs.h"
#include "syntax/axis_expression.h"

namespace rr {
namespace {

class NameChecker {
 public:
  NameChecker(const RuleFile& file, Diagnostics* diagnostics) : file_(file), diagnostics_(diagnostics) {
    for (const AxisRule& axis : file.axes) axes_.push_back(axis.name.text);
    for (const KindRule& kind : file.kinds) {
      for (const auto& [name, formula] : kind.cases) kinds_.push_back(name.text);
    }
  }

  void Run() {
    for (const AxisRule& axis : file_.axes) {
      if (axis.formula) FormulaNames(*axis.formula, false);
      for (const auto& [kind, formula] : axis.by_kind) {
        KindName(kind);
        FormulaNames(formula, false);
      }
    }
    std::set<std::string> seen;
    for (const KindRule& kind : file_.kinds) {
      for (size_t i = 0; i < kind.cases.size(); ++i) {
        const auto& [name, formula] = kind.cases[i];
        if (!seen.insert(name.text).second) {
          diagnostics_->Add(Code::kUnknownKind, name.place, fmt::format("kind `{}` is declared twice", name.text));
        }
        if (formula) FormulaNames(*formula, false);
        if (!formula && i + 1 != kind.cases.size()) {
          diagnostics_->Add(Code::kNoElse, name.place, "`else` must be the last case: what follows can never hold");
        }
      }
      if (kind.cases.empty() || kind.cases.back().second) {
        diagnostics_->Add(Code::kNoElse, kind.name.place, fmt::format("the last case of `{}` must be `else`", kind.name.text));
      }
    }
    for (const BlockRule& block : file_.blocks) {
      if (block.where) FormulaNames(*block.where, true);
      for (const TensorRule& tensor : block.tensors) {
        for (const Name& axis : tensor.Axes()) Axis(axis.text, axis.place);
      }
    }
    for (const Formula& formula : file_.require) FormulaNames(formula, false);
  }

 private:
  void Axis(const std::string& name, const Place& place) {
    if (std::find(axes_.begin(), axes_.end(), name) != axes_.end()) return;
    diagnostics_->Add(Code::kUnknownName, place, fmt::format("`{}` is no axis of this family", name)).help = DidYouMean(name, axes_);
  }

  void KindName(const Name& kind) {
    if (std::find(kinds_.begin(), kinds_.end(), kind.text) != kinds_.end()) return;
    diagnostics_->Add(Code::kUnknownKind, kind.place, fmt::format("there is no kind `{}`", kind.text)).help = DidYouMean(kind.text, kinds_);
  }

  // Capitalised names are axes. In a condition a bare lower-case name that is near a kind is taken for a misspelt kind.
  void FormulaNames(const Formula& formula, bool condition) {
    for (const Formula::Name& name : formula.Names()) {
      if (IsAxisName(name.name)) {
        if (std::find(axes_.begin(), axes_.end(), name.name) == axes_.end()) {
          diagnostics_->Add(Code::kUnknownFormulaName, name.place, fmt::format("`{}` is no axis of this family", name.name)).help = DidYouMean(name.name, axes_);
        }
      } else if (condition && formula.root() != nullptr && formula.root()->op == FormulaNode::Op::kName) {
        // `where: mo` alone can only mean a kind; a config attribute would be compared with something.
        KindName({name.name, name.place});
      }
    }
  }

  const RuleFile& file_;
  Diagnostics* diagnostics_;
  std::vector<std::string> axes_, kinds_;
};

}  // namespace

void CheckNames(const RuleFile& file, Diagnostics* diagnostics) { NameChecker(file, diagnostics).Run(); }

}  // namespace rr
