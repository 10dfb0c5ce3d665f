#include "syntax/names_used.h"

namespace rr {
namespace {

class Collector {
 public:
  void Of(const Formula& formula) {
    for (const Formula::Name& name : formula.Names()) names.insert(name.name);
  }
  void Of(const std::optional<Formula>& formula) {
    if (formula) Of(*formula);
  }
  void Of(const AxisExpr& expr) {
    for (const NamedPlace& axis : AxesIn(expr)) names.insert(axis.name);
  }
  void Of(const KeyTemplate& key) {
    for (const std::string& axis : key.Captures()) names.insert(axis);
  }
  // A size, which may be a formula.
  void OfSize(const SpannedText& text) {
    Diagnostics reported;
    Of(Formula::Parse(text, &reported));
  }
  void Of(const EntryRule& entry) {
    Of(entry.key);
    Of(entry.expr);
    for (const std::optional<Formula>* word : {&entry.add, &entry.multiply, &entry.back}) Of(*word);
    for (const SpannedText& dim : entry.shape) OfSize(dim);
    for (const OpRule& op : entry.ops) {
      names.insert(op.axis.text);
      for (const auto& [tensor, size] : op.into) OfSize(size);
    }
    if (entry.pad) OfSize(entry.pad->to);
    for (const Name& axis : entry.replicate) names.insert(axis.text);
  }
  void Of(const BlockRule& block) {
    Of(block.where);
    for (const TensorRule& tensor : block.tensors) {
      for (const Name& axis : tensor.Axes()) names.insert(axis.text);
    }
    for (const TableRule& table : block.tables) {
      for (const TableRule::Variant& variant : table.variants) {
        for (const EntryRule& entry : variant.entries) Of(entry);
      }
      for (const DefaultRule& rule : table.defaults) Of(rule.value);
    }
  }
  void Of(const LayoutRule& layout) {
    for (const RefineRule& refine : layout.refine) {
      names.insert(refine.axis.text);
      Of(refine.expr);
    }
    for (const PlaceRule& place : layout.place) {
      names.insert(place.axis.text);
      for (const PlaceCase& one : place.cases) {
        Of(one.key);
        Of(one.dims);
      }
    }
    for (const Formula& formula : layout.require) Of(formula);
  }

  std::set<std::string> names;
};

}  // namespace

std::set<std::string> NamesUsed(const RuleFile& file) {
  Collector uses;
  for (const BlockRule& block : file.blocks) uses.Of(block);
  for (const LayoutRule& layout : file.layouts) uses.Of(layout);
  for (const Formula& formula : file.require) uses.Of(formula);
  for (const KindRule& kind : file.kinds) {
    for (const auto& [name, formula] : kind.cases) uses.Of(formula);
  }
  // Sizes of axes that are used, and so on.
  for (size_t before = 0; before != uses.names.size();) {
    before = uses.names.size();
    for (const AxisRule& axis : file.axes) {
      if (uses.names.count(axis.name.text) == 0) continue;
      uses.Of(axis.formula);
      uses.Of(axis.fallback);
      for (const auto& [kind, formula] : axis.by_kind) {
        uses.names.insert(kind.text);
        uses.Of(formula);
      }
    }
  }
  return std::move(uses.names);
}

}  // namespace rr
