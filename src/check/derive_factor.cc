#include "check/derive_factor.h"

#include <fmt/format.h>

#include <algorithm>
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

// Which side of a linear map axes belong to, in a layout with these refinements.
class Sides {
 public:
  explicit Sides(const std::vector<RefineRule>& refine) : refine_(refine) {}

  DimRole RoleOf(const AxisNode& dim, const std::vector<const TensorRule*>& tensors) const {
    Axes axes, named;
    Collect(dim, AxisNode::Kind::kAxis, &axes);
    Collect(dim, AxisNode::Kind::kTensor, &named);
    std::optional<DimRole> role;
    for (const TensorRule* tensor : tensors) {
      if (!named.empty() && !Has(named, tensor->name.text)) continue;
      // A dimension of several tensors holds axes of each: those of the others are not looked at.
      Axes own;
      for (const std::string_view axis : axes) {
        if (IsOf(axis, tensor->batch) || IsOf(axis, tensor->in) || IsOf(axis, tensor->out))
          own.push_back(axis);
      }
      const DimRole found = Within(own, tensor->batch) ? DimRole::kBatch
                            : Within(own, tensor->in)  ? DimRole::kIn
                            : Within(own, tensor->out) ? DimRole::kOut
                                                       : DimRole::kMixed;
      if (role && *role != found) return DimRole::kMixed;
      role = found;
    }
    return role.value_or(DimRole::kMixed);
  }

  // An axis that a style names itself.
  DimRole RoleOfAxis(std::string_view axis, const std::vector<const TensorRule*>& tensors) const {
    for (const TensorRule* tensor : tensors) {
      if (IsOf(axis, tensor->in)) return DimRole::kIn;
      if (IsOf(axis, tensor->out)) return DimRole::kOut;
    }
    return DimRole::kBatch;  // a batch axis, or one that the check of the layout refuses
  }

 private:
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

  const std::vector<RefineRule>& refine_;
};

class FactorDeriver {
 public:
  FactorDeriver(const Sides& sides, const AdapterStyle& style, const AdapterKey& key,
                Diagnostics* diagnostics)
      : sides_(sides), style_(style), key_(key), diagnostics_(diagnostics) {}

  bool Fill(const StoredWeight& weight, EntryRule* entry) {
    AxisExpr expr = key_.expr;
    for (const auto& [name, meaning] : style_.let)
      expr = ReplaceAxis(std::move(expr), name.text, meaning);
    const std::optional<Factor> factor = FactorOf(expr, weight);
    if (!factor) return false;
    const std::string suffix = SuffixOf(*factor);
    std::vector<std::string> slots;
    ForEachNode(expr, [&](const AxisNode& node) {
      if (node.kind == AxisNode::Kind::kAxis && SlotOf(node.name, weight) &&
          std::find(slots.begin(), slots.end(), node.name) == slots.end())
        slots.push_back(node.name);
    });
    Suffix(&expr, suffix);
    for (const std::string& slot : slots) {
      AxisExpr nodes;
      const std::vector<size_t> own = *SlotOf(slot, weight);
      for (const size_t d : own) nodes.push_back(weight.dims[d]);
      Suffix(&nodes, suffix);
      if (slot != kBatch) nodes = Flattened(std::move(nodes));
      expr = ReplaceAxis(std::move(expr), slot, nodes);
    }
    for (const TensorRule* tensor : weight.tensors)
      entry->shared.push_back(tensor->name.text + suffix);
    entry->expr = std::move(expr);
    entry->replicate = key_.replicate;
    if (*factor == Factor::kB || *factor == Factor::kBias) {
      entry->multiply = weight.entry->multiply;
      entry->back = weight.entry->back;
      entry->in = weight.entry->in;
    }
    Pad(weight, entry);
    return true;
  }

 private:
  static constexpr std::string_view kIn = "IN", kOut = "OUT", kBatch = "BATCH";

  // The dimensions that a name of a style stands for: by their role, or by their position. nullopt
  // for other names.
  static std::optional<std::vector<size_t>> SlotOf(std::string_view name,
                                                   const StoredWeight& weight) {
    if (name != kIn && name != kOut && name != kBatch) {
      const std::optional<size_t> position = PositionOf(name, weight);
      if (!position) return std::nullopt;
      return std::vector<size_t>{*position};
    }
    const DimRole role = name == kIn    ? DimRole::kIn
                         : name == kOut ? DimRole::kOut
                                        : DimRole::kBatch;
    std::vector<size_t> dims;
    for (size_t d = 0; d < weight.dims.size(); ++d) {
      if (weight.roles[d] == role) dims.push_back(d);
    }
    return dims;
  }

  // D0, D1, ...
  static std::optional<size_t> PositionOf(std::string_view name, const StoredWeight& weight) {
    if (!name.starts_with('D')) return std::nullopt;
    for (size_t d = 0; d < weight.dims.size(); ++d) {
      if (name.substr(1) == std::to_string(d)) return d;
    }
    return std::nullopt;
  }

  DimRole RoleOfName(std::string_view name, const StoredWeight& weight) const {
    if (name == kIn) return DimRole::kIn;
    if (name == kOut) return DimRole::kOut;
    if (name == kBatch || name == kRankAxis) return DimRole::kBatch;
    if (const std::optional<size_t> d = PositionOf(name, weight)) return weight.roles[*d];
    return sides_.RoleOfAxis(name, weight.tensors);
  }

  // What the key holds, by the dimensions that it names. nullopt after a finding.
  std::optional<Factor> FactorOf(const AxisExpr& expr, const StoredWeight& weight) {
    Factor factor = key_.holds;
    const AxisNode* wrong = nullptr;
    ForEachNode(expr, [&](const AxisNode& node) {
      if (node.kind != AxisNode::Kind::kAxis || wrong != nullptr) return;
      const DimRole role = RoleOfName(node.name, weight);
      if (role == DimRole::kBatch) return;
      const Factor found = role == DimRole::kIn    ? Factor::kA
                           : role == DimRole::kOut ? Factor::kB
                                                   : Factor::kNone;
      if (found == Factor::kNone || (factor == Factor::kA && found == Factor::kB) ||
          (factor == Factor::kB && found == Factor::kA)) {
        wrong = &node;
      } else if (factor == Factor::kNone) {
        factor = found;
      }
    });
    if (wrong != nullptr)
      return Bad(wrong->place,
                 fmt::format("{} of `{}` is not all input or all output", wrong->name, weight.key));
    if (factor == Factor::kNone)
      return Bad(key_.key.place(), "this key holds neither input nor output dimensions");
    return factor;
  }

  // A padded dimension of the weight is padded in the factor that has it.
  void Pad(const StoredWeight& weight, EntryRule* entry) const {
    const std::optional<PadWord>& pad = weight.entry->pad;
    if (!pad) return;
    size_t at = 0;  // the dimension that comes next
    for (const AxisNode& node : key_.expr) {
      const size_t here = at;
      const bool is_axis = node.kind == AxisNode::Kind::kAxis;
      const auto dims = is_axis ? SlotOf(node.name, weight) : std::nullopt;
      const bool batch = dims && node.name == kBatch;
      at += batch ? dims->size() : 1;
      if (!dims || batch || dims->size() != 1 || static_cast<int64_t>((*dims)[0]) != pad->dim)
        continue;
      entry->pad = pad;
      entry->pad->dim = static_cast<int64_t>(here);
    }
  }

  std::nullopt_t Bad(const Place& place, std::string message) {
    Diagnostics one;
    one.Add(Code::kBadAdapterStyle, place, std::move(message));
    diagnostics_->AppendNew(one);
    return std::nullopt;
  }

  const Sides& sides_;
  const AdapterStyle& style_;
  const AdapterKey& key_;
  Diagnostics* diagnostics_;
};

}  // namespace

StoredWeight StoredWeightOf(const std::vector<RefineRule>& refine, const BlockRule& block,
                            const EntryRule& entry) {
  StoredWeight weight;
  weight.entry = &entry;
  weight.key = entry.key.ToString();
  for (const TensorRule& tensor : block.tensors) {
    if (Mentions(entry.expr, AxisNode::Kind::kTensor, tensor.name.text))
      weight.tensors.push_back(&tensor);
  }
  weight.dims = DimsOf(entry.expr);
  const Sides sides(refine);
  for (const AxisNode& dim : weight.dims) weight.roles.push_back(sides.RoleOf(dim, weight.tensors));
  return weight;
}

bool FillFactor(const std::vector<RefineRule>& refine, const AdapterStyle& style,
                const StoredWeight& weight, const AdapterKey& key, EntryRule* entry,
                Diagnostics* diagnostics) {
  const Sides sides(refine);
  FactorDeriver deriver(sides, style, key, diagnostics);
  if (key.part.empty()) return deriver.Fill(weight, entry);
  StoredWeight part = weight;
  std::erase_if(part.tensors, [&](const TensorRule* t) { return t->name.text != key.part; });
  // The weight has no such part, or is not made of parts: the one tensor of an MLP without a gate
  // is not the half of anything.
  if (part.tensors.empty() || weight.tensors.size() == 1) return false;
  for (size_t d = 0; d < part.dims.size(); ++d) {
    AxisExpr own = Flattened(PartOf({part.dims[d]}, key.part));
    if (!own.empty()) part.dims[d] = std::move(own[0]);
    part.roles[d] = sides.RoleOf(part.dims[d], part.tensors);
  }
  return deriver.Fill(part, entry);
}

}  // namespace rr
