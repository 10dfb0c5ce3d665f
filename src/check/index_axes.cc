#include "check/index_axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "syntax/axis_expression.h"

namespace rr {
namespace {

std::set<std::string> AxesOf(const TensorRule& tensor) {
  std::set<std::string> axes;
  for (const Name& axis : tensor.Axes()) axes.insert(axis.text);
  return axes;
}

std::set<std::string> AxesOf(const BlockRule& block) {
  std::set<std::string> axes;
  for (const TensorRule& tensor : block.tensors) axes.merge(AxesOf(tensor));
  return axes;
}

// The axes of copies in an expression (`=T`).
std::vector<NamedPlace> CopiesIn(const AxisExpr& expr) {
  std::vector<NamedPlace> names;
  ForEachNode(expr, [&](const AxisNode& node) {
    if (node.kind == AxisNode::Kind::kCopies) names.push_back({node.name, node.place});
  });
  return names;
}

// The axes of the tensors that an expression stores.
std::set<std::string> AxesStored(const BlockRule& block, const AxisExpr& expr) {
  const std::vector<NamedPlace> named = TensorsIn(expr);
  std::set<std::string> axes;
  for (const TensorRule& tensor : block.tensors) {
    const bool stored =
        named.empty() || std::any_of(named.begin(), named.end(),
                                     [&](const auto& t) { return t.name == tensor.name.text; });
    if (stored) axes.merge(AxesOf(tensor));
  }
  return axes;
}

std::string OneOf(const std::set<std::string>& axes, const std::string& who, const Place& place,
                  Diagnostics* diagnostics) {
  if (axes.size() > 1) {
    diagnostics
        ->Add(Code::kTwoIndices, place,
              fmt::format("{} depends on the indices {}", who, fmt::join(axes, " and ")))
        .help = "where a size is meant, give it a name of its own under `axes`";
  }
  return axes.empty() ? "" : *axes.begin();
}

class Finder {
 public:
  Finder(const RuleFile& file, Diagnostics* diagnostics) : file_(file), diagnostics_(diagnostics) {}

  IndexAxes Run() {
    std::set<std::string> tensor_axes;
    for (const BlockRule& block : file_.blocks) tensor_axes.merge(AxesOf(block));
    for (const KindRule& kind : file_.kinds) {
      std::set<std::string> axes;
      for (const auto& [name, formula] : kind.cases) {
        if (!formula) continue;
        for (const Formula::Name& used : formula->Names()) {
          if (tensor_axes.count(used.name) > 0) axes.insert(used.name);
        }
      }
      const std::string axis =
          OneOf(axes, fmt::format("`{}`", kind.name.text), kind.name.place, diagnostics_);
      for (const auto& [name, formula] : kind.cases) result_.of_kind[name.text] = axis;
    }
    for (const BlockRule& block : file_.blocks) {
      result_.of_block.push_back(OneOf(IndicesOf(block), fmt::format("block `{}`", block.name.text),
                                       block.where ? block.where->text().place() : block.name.place,
                                       diagnostics_));
    }
    return std::move(result_);
  }

 private:
  std::string IndexOfKind(const std::string& kind) const {
    const auto found = result_.of_kind.find(kind);
    return found == result_.of_kind.end() ? "" : found->second;
  }

  std::set<std::string> IndicesOf(const BlockRule& block) const {
    std::set<std::string> indices;
    if (block.where) {
      const std::set<std::string> own = AxesOf(block);
      for (const Formula::Name& used : block.where->Names()) {
        indices.insert(own.count(used.name) > 0 ? used.name : IndexOfKind(used.name));
      }
    }
    for (const TensorRule& tensor : block.tensors) {
      const std::set<std::string> beside = AxesOf(tensor);
      for (const Name& axis : tensor.Axes()) AddSize(axis.text, axis.place, beside, &indices);
    }
    for (const TableRule& table : block.tables) {
      for (const TableRule::Variant& variant : table.variants) {
        for (const EntryRule& entry : variant.entries) {
          for (const NamedPlace& copies : CopiesIn(entry.expr))
            AddSize(copies.name, copies.place, AxesStored(block, entry.expr), &indices);
        }
      }
    }
    indices.erase("");
    return indices;
  }

  // A size that differs by kind depends on the index of its kinds. What has the size has the index
  // as well, or nothing says which of the sizes it is.
  void AddSize(const std::string& axis, const Place& place, const std::set<std::string>& beside,
               std::set<std::string>* indices) const {
    const AxisRule* rule = file_.FindAxis(axis);
    if (rule == nullptr) return;
    for (const auto& [kind, formula] : rule->by_kind) {
      const std::string index = IndexOfKind(kind.text);
      indices->insert(index);
      if (index.empty() || beside.count(index) > 0) continue;
      diagnostics_
          ->Add(Code::kUnknownFormulaName, place,
                fmt::format("{} differs with {}, which is no axis of this tensor", axis, index))
          .notes.push_back({rule->name.place, fmt::format("{} is declared here", axis)});
      return;
    }
  }

  const RuleFile& file_;
  Diagnostics* diagnostics_;
  IndexAxes result_;
};

}  // namespace

IndexAxes FindIndexAxes(const RuleFile& file, Diagnostics* diagnostics) {
  return Finder(file, diagnostics).Run();
}

}  // namespace rr
