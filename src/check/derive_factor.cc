#include "check/derive_factor.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check/derive_adapters.h"

namespace rr {
namespace {

// Names that live in the rules: most lists have one or two.
using Axes = std::vector<std::string_view>;

// What a dimension of a stored weight is to the linear map.
enum class Role { kBatch, kIn, kOut, kMixed };

bool Has(const Axes& axes, std::string_view axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

// The names of all axes, or of all tensors, in a dimension.
void Collect(const AxisNode& node, AxisNode::Kind kind, Axes* names) {
  if (node.kind == kind) names->push_back(node.name);
  for (const AxisNode& child : node.children) Collect(child, kind, names);
  for (const AxisExpr& alternative : node.alternatives) {
    for (const AxisNode& part : alternative) Collect(part, kind, names);
  }
}

bool Mentions(const AxisExpr& expr, AxisNode::Kind kind, std::string_view name) {
  return std::any_of(expr.begin(), expr.end(), [&](const AxisNode& node) {
    if (node.kind == kind && node.name == name) return true;
    return Mentions(node.children, kind, name) ||
           std::any_of(node.alternatives.begin(), node.alternatives.end(),
                       [&](const AxisExpr& part) { return Mentions(part, kind, name); });
  });
}

// The dimensions of an expression: tensor[A B] at the top is two.
AxisExpr DimsOf(const AxisExpr& expr) {
  AxisExpr dims;
  for (const AxisNode& node : expr) {
    if (node.kind != AxisNode::Kind::kTensor || node.children.empty()) {
      dims.push_back(node);
      continue;
    }
    for (const AxisNode& child : node.children)
      dims.push_back({node.kind, node.name, {child}, {}, node.place});
  }
  return dims;
}

void Suffix(AxisExpr* expr, const std::string& suffix) {
  for (AxisNode& node : *expr) {
    if (node.kind == AxisNode::Kind::kTensor) node.name += suffix;
    Suffix(&node.children, suffix);
    for (auto& alternative : node.alternatives) Suffix(&alternative, suffix);
  }
}

// Only what belongs to one tensor, or to none: of a sum the alternatives of the others are left
// out.
AxisExpr PartOf(const AxisExpr& expr, const std::string& tensor) {
  AxisExpr part;
  for (AxisNode node : expr) {
    if (node.kind == AxisNode::Kind::kTensor && node.name != tensor) continue;
    node.children = PartOf(node.children, tensor);
    if (node.kind == AxisNode::Kind::kSum) {
      for (const auto& alternative : node.alternatives) {
        if (!Mentions(alternative, AxisNode::Kind::kTensor, tensor)) continue;
        const AxisExpr dims = PartOf(alternative, tensor);
        part.insert(part.end(), dims.begin(), dims.end());
      }
      continue;
    }
    part.push_back(std::move(node));
  }
  return part;
}

// Several dimensions as one.
AxisExpr Flattened(AxisExpr dims) {
  if (dims.size() == 1) return dims;
  AxisNode product;
  product.kind = AxisNode::Kind::kProduct;
  product.children = std::move(dims);
  return {std::move(product)};
}

class FactorDeriver {
 public:
  FactorDeriver(const std::vector<RefineRule>& refine, const AdapterStyle& style,
                Diagnostics* diagnostics)
      : refine_(refine), style_(style), diagnostics_(diagnostics) {}

  bool Expression(const EntryRule& weight, std::vector<const TensorRule*> tensors,
                  const AdapterKey& key, EntryRule* entry) {
    AxisExpr dims = DimsOf(weight.expr);
    if (!key.part.empty()) {
      std::erase_if(tensors, [&](const TensorRule* t) { return t->name.text != key.part; });
      if (tensors.empty()) return false;  // the weight has no such part
      for (AxisNode& dim : dims) {
        AxisExpr part = Flattened(PartOf({dim}, key.part));
        if (!part.empty()) dim = std::move(part[0]);
      }
    }
    // Which dimensions the names of a style stand for: by their role, and by their position.
    std::map<std::string, std::vector<size_t>> slots{{"IN", {}}, {"OUT", {}}, {"BATCH", {}}};
    std::map<std::string, Role> roles{{"IN", Role::kIn}, {"OUT", Role::kOut}};
    for (size_t d = 0; d < dims.size(); ++d) {
      const Role role = RoleOf(dims[d], tensors);
      const std::string by_position = "D" + std::to_string(d);
      roles[by_position] = role;
      slots[by_position].push_back(d);
      if (role != Role::kMixed) slots.at(NameOf(role)).push_back(d);
    }
    AxisExpr expr = key.expr;
    for (const auto& [name, meaning] : style_.let) {
      if (Mentions(expr, AxisNode::Kind::kAxis, name.text))
        expr = ReplaceAxis(expr, name.text, meaning);
    }
    Factor factor = key.holds;
    const std::vector<NamedPlace> used_names = AxesIn(expr);
    for (const NamedPlace& used : used_names) {
      const auto slot = roles.find(used.name);
      const Role role = slot != roles.end() ? slot->second
                        : used.name == kRankAxis || slots.count(used.name) > 0
                            ? Role::kBatch
                            : RoleOfAxis(used.name, tensors);
      if (role == Role::kBatch) continue;
      const Factor found = role == Role::kIn    ? Factor::kA
                           : role == Role::kOut ? Factor::kB
                                                : Factor::kNone;
      if (found == Factor::kNone || (factor == Factor::kA && found == Factor::kB) ||
          (factor == Factor::kB && found == Factor::kA))
        return Bad(used.place, fmt::format("{} of `{}` is not all input or all output", used.name,
                                           weight.key.ToString()));
      if (factor == Factor::kNone) factor = found;
    }
    if (factor == Factor::kNone)
      return Bad(key.key.place(), "this key holds neither input nor output dimensions");
    const std::string suffix = SuffixOf(factor);
    Suffix(&expr, suffix);
    for (const auto& [slot, own] : slots) {
      const bool is_used =
          std::any_of(used_names.begin(), used_names.end(),
                      [&, &name = slot](const NamedPlace& used) { return used.name == name; });
      if (!is_used) continue;
      AxisExpr nodes;
      for (const size_t d : own) nodes.push_back(dims[d]);
      Suffix(&nodes, suffix);
      if (slot != "BATCH") nodes = Flattened(std::move(nodes));
      expr = ReplaceAxis(expr, slot, nodes);
    }
    for (const TensorRule* tensor : tensors) entry->shared.push_back(tensor->name.text + suffix);
    entry->expr = std::move(expr);
    entry->replicate = key.replicate;
    if (factor == Factor::kB || factor == Factor::kBias) {
      entry->multiply = weight.multiply;
      entry->back = weight.back;
      entry->in = weight.in;
    }
    return Pad(weight, key, slots, entry);
  }

  // An axis that a style names itself.
  Role RoleOfAxis(const std::string& axis, const std::vector<const TensorRule*>& tensors) const {
    for (const TensorRule* tensor : tensors) {
      if (IsOf(axis, tensor->in)) return Role::kIn;
      if (IsOf(axis, tensor->out)) return Role::kOut;
    }
    return Role::kBatch;  // a batch axis, or one that the check of the layout refuses
  }

  // A padded dimension of the weight is padded in the factor that has it.
  bool Pad(const EntryRule& weight, const AdapterKey& key,
           const std::map<std::string, std::vector<size_t>>& of_slot, EntryRule* entry) {
    if (!weight.pad) return true;
    const size_t batch = of_slot.at("BATCH").size();
    size_t at = 0;  // the dimension that comes next
    for (const AxisNode& node : key.expr) {
      const size_t here = at;
      at += node.kind == AxisNode::Kind::kAxis && node.name == "BATCH" ? batch : 1;
      if (node.kind != AxisNode::Kind::kAxis) continue;
      const auto slot = of_slot.find(node.name);
      if (slot == of_slot.end() || node.name == "BATCH") continue;
      const std::vector<size_t>& dims = slot->second;
      if (dims.size() != 1 || static_cast<int64_t>(dims[0]) != weight.pad->dim) continue;
      entry->pad = weight.pad;
      entry->pad->dim = static_cast<int64_t>(here);
    }
    return true;
  }

 private:
  static std::string NameOf(Role role) {
    return role == Role::kBatch ? "BATCH" : role == Role::kIn ? "IN" : "OUT";
  }

  // Whether an axis is of one side, or is part of what the base layout writes one of them as. What
  // a refinement makes may be refined by a later one.
  bool IsOf(std::string_view axis, const std::vector<Name>& side, size_t refinements) const {
    if (std::any_of(side.begin(), side.end(), [&](const Name& name) { return name.text == axis; }))
      return true;
    for (size_t i = 0; i < refinements; ++i) {
      if (Mentions(refine_[i].expr, AxisNode::Kind::kAxis, axis) &&
          IsOf(refine_[i].axis.text, side, i))
        return true;
    }
    return false;
  }
  bool IsOf(std::string_view axis, const std::vector<Name>& side) const {
    return IsOf(axis, side, refine_.size());
  }

  bool Within(const Axes& axes, const std::vector<Name>& side) const {
    return std::all_of(axes.begin(), axes.end(),
                       [&](std::string_view axis) { return IsOf(axis, side); });
  }

  Role RoleOf(const AxisNode& dim, const std::vector<const TensorRule*>& tensors) const {
    Axes axes, named;
    Collect(dim, AxisNode::Kind::kAxis, &axes);
    Collect(dim, AxisNode::Kind::kTensor, &named);
    std::optional<Role> role;
    for (const TensorRule* tensor : tensors) {
      if (!named.empty() && !Has(named, tensor->name.text)) continue;
      // A dimension of several tensors holds axes of each: those of the others are not looked at.
      Axes own;
      for (const std::string_view axis : axes) {
        if (IsOf(axis, tensor->batch) || IsOf(axis, tensor->in) || IsOf(axis, tensor->out))
          own.push_back(axis);
      }
      const Role found = Within(own, tensor->batch) ? Role::kBatch
                         : Within(own, tensor->in)  ? Role::kIn
                         : Within(own, tensor->out) ? Role::kOut
                                                    : Role::kMixed;
      if (role && *role != found) return Role::kMixed;
      role = found;
    }
    return role.value_or(Role::kMixed);
  }

  bool Bad(const Place& place, std::string message) {
    Diagnostics one;
    one.Add(Code::kBadAdapterStyle, place, std::move(message));
    diagnostics_->AppendNew(one);
    return false;
  }

  const std::vector<RefineRule>& refine_;
  const AdapterStyle& style_;
  Diagnostics* diagnostics_;
};

}  // namespace

bool FillFactor(const std::vector<RefineRule>& refine, const AdapterStyle& style,
                const EntryRule& weight, const std::vector<const TensorRule*>& tensors,
                const AdapterKey& key, EntryRule* entry, Diagnostics* diagnostics) {
  return FactorDeriver(refine, style, diagnostics).Expression(weight, tensors, key, entry);
}

}  // namespace rr
