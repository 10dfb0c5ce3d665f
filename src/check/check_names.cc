#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "check/proofs.h"
#include "syntax/axis_expression.h"

namespace rr {
namespace {

class NameChecker {
 public:
  NameChecker(const RuleFile& file, Diagnostics* diagnostics)
      : file_(file), diagnostics_(diagnostics) {
    axes_ = AxisNames(file);
    for (const KindRule& kind : file.kinds) {
      for (const auto& [name, formula] : kind.cases) kinds_.push_back(name.text);
    }
  }

  void Run() {
    for (const AxisRule& axis : file_.axes) {
      if (axis.formula) FormulaNames(*axis.formula, false);
      if (axis.fallback) FormulaNames(*axis.fallback, false);
      for (const auto& [kind, formula] : axis.by_kind) {
        KindName(kind);
        FormulaNames(formula, false);
      }
    }
    std::set<std::string> seen;
    for (const KindRule& kind : file_.kinds) {
      bool has_else = false;
      for (size_t i = 0; i < kind.cases.size(); ++i) {
        const auto& [name, formula] = kind.cases[i];
        if (!seen.insert(name.text).second) {
          diagnostics_->Add(Code::kUnknownKind, name.place,
                            fmt::format("kind `{}` is declared twice", name.text));
        }
        if (formula) FormulaNames(*formula, false);
        has_else = has_else || !formula;
        if (!formula && i + 1 != kind.cases.size()) {
          diagnostics_->Add(Code::kNoElse, name.place,
                            "`else` must be the last case: what follows can never hold");
        }
      }
      if (!has_else) {
        diagnostics_->Add(Code::kNoElse, kind.name.place,
                          fmt::format("the last case of `{}` must be `else`", kind.name.text));
      }
    }
    for (const BlockRule& block : file_.blocks) {
      if (block.where) FormulaNames(*block.where, true);
      for (const TensorRule& tensor : block.tensors) {
        for (const Name& axis : tensor.Axes()) Axis(axis.text, axis.place);
      }
      for (const TableRule& table : block.tables) Table(table);
    }
    for (const Formula& formula : file_.require) FormulaNames(formula, false);
    for (const LayoutRule& layout : file_.layouts) {
      for (const Formula& formula : layout.require) FormulaNames(formula, false);
    }
  }

 private:
  void Table(const TableRule& table) {
    for (const DefaultRule& rule : table.defaults) FormulaNames(rule.value, false);
    for (size_t v = 0; v < table.variants.size(); ++v) {
      for (const EntryRule& entry : table.variants[v].entries) {
        for (const std::optional<Formula>* word : {&entry.add, &entry.multiply, &entry.back}) {
          if (*word) FormulaNames(**word, false);
        }
        Diagnostics reported;
        const std::optional<Formula> pad =
            entry.pad ? Formula::Parse(entry.pad->to, &reported) : std::nullopt;
        if (pad) FormulaNames(*pad, false);
      }
    }
  }

  void Axis(const std::string& name, const Place& place) {
    if (std::find(axes_.begin(), axes_.end(), name) != axes_.end()) return;
    SuggestName(&diagnostics_->Add(Code::kUnknownName, place,
                                   fmt::format("`{}` is no axis of this family", name)),
                name, axes_, "axes");
  }

  void KindName(const Name& kind) {
    if (std::find(kinds_.begin(), kinds_.end(), kind.text) != kinds_.end()) return;
    Diagnostic& d = diagnostics_->Add(Code::kUnknownKind, kind.place,
                                      fmt::format("there is no kind `{}`", kind.text));
    SuggestName(&d, kind.text, kinds_, "kinds");
    if (kind.text == "default")
      d.help = "a size that a config may leave out is `{is: formula, default: formula}`";
  }

  // Capitalised names are axes. In a condition a bare lower-case name that is near a kind is taken
  // for a misspelt kind.
  void FormulaNames(const Formula& formula, bool condition) {
    for (const Formula::Name& name : formula.Names()) {
      // Variants share entries, and biases the words of their weights.
      if (!seen_.insert({name.place.source, name.place.begin}).second) continue;
      if (IsAxisName(name.name)) {
        if (std::find(axes_.begin(), axes_.end(), name.name) == axes_.end()) {
          SuggestName(&diagnostics_->Add(Code::kUnknownFormulaName, name.place,
                                         fmt::format("`{}` is no axis of this family", name.name)),
                      name.name, axes_, "axes");
        }
      } else if (condition && formula.root() != nullptr &&
                 formula.root()->op == FormulaNode::Op::kName) {
        // `where: mo` alone can only mean a kind; a config attribute would be compared with
        // something.
        KindName({name.name, name.place});
      }
    }
  }

  const RuleFile& file_;
  Diagnostics* diagnostics_;
  std::vector<std::string> axes_, kinds_;
  std::set<std::pair<const Source*, uint32_t>> seen_;  // names in formulas
};

}  // namespace

void CheckNames(const RuleFile& file, Diagnostics* diagnostics) {
  NameChecker(file, diagnostics).Run();
}

}  // namespace rr
