#include "check/derive_factor.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "check/derive_adapters.h"

namespace rr {
namespace {

using Axes = std::set<std::string>;

// What a dimension of a stored weight is to the linear map.
enum class Role { kBatch, kIn, kOut, kMixed };

Axes NamesOf(const std::vector<Name>& names) {
  Axes axes;
  for (const Name& name : names) axes.insert(name.text);
  return axes;
}

bool Within(const std::vector<NamedPlace>& axes, const Axes& side) {
  return std::all_of(axes.begin(), axes.end(),
                     [&](const NamedPlace& axis) { return side.count(axis.name) > 0; });
}

// The dimensions of an expression: tensor[A B] at the top is two.
AxisExpr DimsOf(const AxisExpr& expr) {
  AxisExpr dims;
  for (const AxisNode& node : expr) {
    if (node.kind != AxisNode::Kind::kTensor || node.children.empty()) {
      dims.push_back(node);
      continue;
    }
    for (const AxisNode& child : node.children) {
      AxisNode one = node;
      one.children = {child};
      dims.push_back(std::move(one));
    }
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
        const std::vector<NamedPlace> named = TensorsIn(alternative);
        const bool own = std::any_of(named.begin(), named.end(),
                                     [&](const NamedPlace& n) { return n.name == tensor; });
        if (!own) continue;
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
    std::map<std::string, AxisExpr> slots{{"IN", {}}, {"OUT", {}}, {"BATCH", {}}};
    std::map<std::string, Role> roles{{"IN", Role::kIn}, {"OUT", Role::kOut}};
    std::map<std::string, std::vector<size_t>> of_slot;  // which dimensions
    for (size_t d = 0; d < dims.size(); ++d) {
      const Role role = RoleOf(dims[d], tensors);
      const std::string by_role = role == Role::kBatch ? "BATCH"
                                  : role == Role::kIn  ? "IN"
                                  : role == Role::kOut ? "OUT"
                                                       : "";
      const std::string by_position = "D" + std::to_string(d);
      roles[by_position] = role;
      for (const std::string& slot : {by_role, by_position}) {
        if (slot.empty()) continue;
        slots[slot].push_back(dims[d]);
        of_slot[slot].push_back(d);
      }
    }
    AxisExpr expr = key.expr;
    for (const auto& [name, meaning] : style_.let) expr = ReplaceAxis(expr, name.text, meaning);
    Factor factor = key.holds;
    for (const NamedPlace& used : AxesIn(expr)) {
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
    const std::vector<NamedPlace> used = AxesIn(expr);
    for (auto& [slot, nodes] : slots) {
      const bool is_used = std::any_of(used.begin(), used.end(),
                                       [&, &name = slot](auto& a) { return a.name == name; });
      if (!is_used) continue;
      Suffix(&nodes, suffix);
      expr = ReplaceAxis(expr, slot, slot == "BATCH" ? nodes : Flattened(nodes));
    }
    for (const TensorRule* tensor : tensors) entry->shared.push_back(tensor->name.text + suffix);
    entry->expr = std::move(expr);
    entry->replicate = key.replicate;
    if (factor == Factor::kB || factor == Factor::kBias) {
      entry->multiply = weight.multiply;
      entry->back = weight.back;
      entry->in = weight.in;
    }
    return Pad(weight, key, slots.at("BATCH").size(), of_slot, entry);
  }

  // An axis that a style names itself.
  Role RoleOfAxis(const std::string& axis, const std::vector<const TensorRule*>& tensors) const {
    for (const TensorRule* tensor : tensors) {
      if (Side(tensor->in).count(axis) > 0) return Role::kIn;
      if (Side(tensor->out).count(axis) > 0) return Role::kOut;
    }
    return Role::kBatch;  // a batch axis, or one that the check of the layout refuses
  }

  // A padded dimension of the weight is padded in the factor that has it.
  bool Pad(const EntryRule& weight, const AdapterKey& key, size_t batch,
           const std::map<std::string, std::vector<size_t>>& of_slot, EntryRule* entry) {
    if (!weight.pad) return true;
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
  // The axes of one side and what the base layout writes them as.
  Axes Side(const std::vector<Name>& names) const {
    Axes axes = NamesOf(names);
    for (const RefineRule& refine : refine_) {
      if (axes.count(refine.axis.text) == 0) continue;
      for (const NamedPlace& factor : AxesIn(refine.expr)) axes.insert(factor.name);
    }
    return axes;
  }

  Role RoleOf(const AxisNode& dim, const std::vector<const TensorRule*>& tensors) const {
    const std::vector<NamedPlace> axes = AxesIn({dim});
    const std::vector<NamedPlace> named = TensorsIn({dim});
    std::optional<Role> role;
    for (const TensorRule* tensor : tensors) {
      const bool here = named.empty() || std::any_of(named.begin(), named.end(), [&](auto& n) {
                          return n.name == tensor->name.text;
                        });
      if (!here) continue;
      // A dimension of several tensors holds axes of each: those of the others are not looked at.
      std::vector<NamedPlace> own;
      const Axes all = Side(tensor->Axes());
      for (const NamedPlace& axis : axes) {
        if (all.count(axis.name) > 0) own.push_back(axis);
      }
      const Role found = Within(own, Side(tensor->batch)) ? Role::kBatch
                         : Within(own, Side(tensor->in))  ? Role::kIn
                         : Within(own, Side(tensor->out)) ? Role::kOut
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
