#include "run/rule_edits.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

namespace rr {
namespace {

using Kind = AxisNode::Kind;
using Dims = std::vector<AxisNode>;
using Edits = std::vector<std::pair<std::string, AxisExpr>>;

// The name of a part of a sum: its tensor where it has one.
std::string NameOf(const Dims& part) {
  const std::vector<NamedPlace> tensors = TensorsIn(part);
  std::set<std::string> names;
  for (const NamedPlace& tensor : tensors) names.insert(tensor.name);
  return names.size() == 1 ? *names.begin() : ToString(part);
}

// Calls `edit` with every list of dims within `expr`, outermost first; `edit` may change the list
// and must leave it as it was.
void ForEachList(Dims* dims, bool top, const std::function<void(Dims*, bool top)>& edit) {
  edit(dims, top);
  for (AxisNode& node : *dims) {
    // tensor[A B] at the top is two dimensions.
    if (!node.children.empty())
      ForEachList(&node.children, top && node.kind == Kind::kTensor, edit);
    for (Dims& part : node.alternatives) ForEachList(&part, false, edit);
  }
}

// Axes of the whole expression, for exchanges across brackets.
void ForEachAxis(Dims* dims, const std::function<void(AxisNode*)>& visit) {
  for (AxisNode& node : *dims) {
    if (node.kind == Kind::kAxis) visit(&node);
    ForEachAxis(&node.children, visit);
    for (Dims& part : node.alternatives) ForEachAxis(&part, visit);
  }
}

class Editor {
 public:
  explicit Editor(const AxisExpr& expr) : expr_(expr) { seen_.insert(ToString(expr)); }

  Edits Run() {
    ForEachList(&expr_, true, [this](Dims* dims, bool) { ExchangeParts(dims); });
    ForEachList(&expr_, true, [this](Dims* dims, bool top) { ExchangeNeighbours(dims, top); });
    ForEachList(&expr_, true, [this](Dims* dims, bool top) {
      if (!top) Concatenate(dims);
    });
    ForEachList(&expr_, true, [this](Dims* dims, bool) { Interleave(dims); });
    ExchangeAxes();
    return std::move(edits_);
  }

 private:
  void Keep(const std::string& what) {
    if (seen_.insert(ToString(expr_)).second) edits_.push_back({what, expr_});
  }

  void ExchangeParts(Dims* dims) {
    for (AxisNode& node : *dims) {
      auto& parts = node.alternatives;
      for (size_t i = 0; i < parts.size(); ++i) {
        for (size_t j = i + 1; j < parts.size(); ++j) {
          const std::string a = NameOf(parts[i]), b = NameOf(parts[j]);
          std::swap(parts[i], parts[j]);
          Keep(fmt::format("`{}` and `{}` are exchanged", a, b));
          std::swap(parts[i], parts[j]);
        }
      }
    }
  }

  void ExchangeNeighbours(Dims* dims, bool top) {
    for (size_t i = 0; i < dims->size(); ++i) {
      for (size_t j = i + 1; j < dims->size(); ++j) {
        const std::string a = ToString(Dims{(*dims)[i]}), b = ToString(Dims{(*dims)[j]});
        std::swap((*dims)[i], (*dims)[j]);
        Keep(top ? fmt::format("dimensions `{}` and `{}` are transposed", a, b)
                 : fmt::format("`{}` is slow where `{}` should be: {}-major for {}-major", a, b, a,
                               b));
        std::swap((*dims)[i], (*dims)[j]);
      }
    }
  }

  // (X {a[Y] | b[Y]}) -> {a[X Y] | b[X Y]}
  void Concatenate(Dims* dims) {
    if (dims->size() < 2 || dims->back().kind != Kind::kSum) return;
    const Dims before = *dims;
    const Dims shared(before.begin(), before.end() - 1);
    AxisNode sum = before.back();
    for (Dims& part : sum.alternatives) {
      if (part.size() != 1 || part[0].kind != Kind::kTensor) return;
      part[0].children.insert(part[0].children.begin(), shared.begin(), shared.end());
    }
    *dims = {sum};
    Keep(fmt::format("interleaved by `{}`, not one part after the other", ToString(shared)));
    *dims = before;
  }

  // {a[X Y] | b[X Z]} -> (X {a[Y] | b[Z]})
  void Interleave(Dims* dims) {
    for (size_t at = 0; at < dims->size(); ++at) {
      if ((*dims)[at].kind != Kind::kSum) continue;
      const AxisNode before = (*dims)[at];
      AxisNode sum = before;
      AxisNode product;
      product.kind = Kind::kProduct;
      for (Dims first = TakeFirst(&sum); !first.empty(); first = TakeFirst(&sum)) {
        product.children.push_back(first[0]);
        (*dims)[at] = product;
        (*dims)[at].children.push_back(sum);
        Keep(fmt::format("one part after the other, not interleaved by `{}`",
                         ToString(product.children)));
      }
      (*dims)[at] = before;
    }
  }

  // Takes the first axis out of every part when it is the same; empty when it is not.
  static Dims TakeFirst(AxisNode* sum) {
    std::set<std::string> firsts;
    for (const Dims& part : sum->alternatives) {
      const bool named =
          part.size() == 1 && part[0].kind == Kind::kTensor && !part[0].children.empty();
      if (!named || part[0].children[0].kind != Kind::kAxis) return {};
      firsts.insert(part[0].children[0].name);
    }
    if (firsts.size() != 1) return {};
    const AxisNode first = sum->alternatives[0][0].children[0];
    for (Dims& part : sum->alternatives) part[0].children.erase(part[0].children.begin());
    return {first};
  }

  void ExchangeAxes() {
    std::vector<AxisNode*> axes;
    ForEachAxis(&expr_, [&](AxisNode* axis) { axes.push_back(axis); });
    for (size_t i = 0; i < axes.size(); ++i) {
      for (size_t j = i + 1; j < axes.size(); ++j) {
        const std::string a = axes[i]->name, b = axes[j]->name;
        std::swap(axes[i]->name, axes[j]->name);
        Keep(fmt::format("axes `{}` and `{}` are exchanged", a, b));
        std::swap(axes[i]->name, axes[j]->name);
      }
    }
  }

  AxisExpr expr_;
  Edits edits_;
  std::set<std::string> seen_;
};

void Rename(Dims* dims, const std::string& a, const std::string& b) {
  for (AxisNode& node : *dims) {
    if (node.kind == Kind::kTensor && (node.name == a || node.name == b))
      node.name = node.name == a ? b : a;
    Rename(&node.children, a, b);
    for (Dims& part : node.alternatives) Rename(&part, a, b);
  }
}

// Two tensors of the block that are over the same axes take each other's places in the table.
void ExchangeTensors(const CheckedRules& rules, const CheckedLayout& layout,
                     const CheckedEntry& entry, std::vector<RuleEdit>* edits) {
  const TableRule* table = layout.tables[static_cast<size_t>(entry.block)];
  std::set<int> here;
  for (const CheckedLeaf& leaf : entry.leaves) here.insert(leaf.tensor);
  for (const int t : here) {
    const LogicalTensor& one = rules.tensors[static_cast<size_t>(t)];
    for (size_t u = 0; u < rules.tensors.size(); ++u) {
      const LogicalTensor& other = rules.tensors[u];
      if (other.block != one.block || other.name == one.name || other.axes != one.axes) continue;
      if (here.count(static_cast<int>(u)) > 0 && static_cast<int>(u) < t) continue;
      RuleEdit edit{fmt::format("`{}` and `{}` are exchanged", one.name, other.name), "", {}};
      for (const TableRule::Variant& variant : table->variants) {
        for (const EntryRule& rule : variant.entries) {
          AxisExpr expr = rule.expr;
          Rename(&expr, one.name, other.name);
          if (ToString(expr) != ToString(rule.expr)) edit.changes.push_back({&rule, expr});
        }
      }
      if (!edit.changes.empty()) edits->push_back(std::move(edit));
    }
  }
}

}  // namespace

std::vector<std::pair<std::string, AxisExpr>> ExpressionEdits(const AxisExpr& expr) {
  return Editor(expr).Run();
}

std::vector<RuleEdit> EditsOf(const CheckedRules& rules, const CheckedLayout& layout,
                              const CheckedEntry& entry) {
  std::vector<RuleEdit> edits;
  for (auto& [what, expr] : ExpressionEdits(entry.rule->expr))
    edits.push_back({what, ToString(expr), {{entry.rule, expr}}});
  ExchangeTensors(rules, layout, entry, &edits);
  return edits;
}

std::optional<CheckedRules> Apply(const CheckedRules& rules, const RuleEdit& edit) {
  RuleFile file = *rules.file;
  for (size_t b = 0; b < file.blocks.size(); ++b) {
    // The biases have been added.
    for (TensorRule& tensor : file.blocks[b].tensors) tensor.bias = TensorRule::Bias::kNone;
    const auto& tables = rules.file->blocks[b].tables;
    for (size_t t = 0; t < tables.size(); ++t) {
      for (size_t v = 0; v < tables[t].variants.size(); ++v) {
        const auto& entries = tables[t].variants[v].entries;
        for (size_t e = 0; e < entries.size(); ++e) {
          for (const auto& [rule, expr] : edit.changes) {
            if (rule != &entries[e]) continue;
            EntryRule& changed = file.blocks[b].tables[t].variants[v].entries[e];
            changed.expr = expr;
            // What was said about the shape is part of the mistake.
            changed.shape.clear();
            changed.has_shape = changed.long_form = false;
            changed.ops.clear();
            changed.ops_results.clear();
          }
        }
      }
    }
  }
  Diagnostics findings;
  CheckedRules changed = Check(std::move(file), &findings);
  if (!changed.valid) return std::nullopt;
  return changed;
}

}  // namespace rr
