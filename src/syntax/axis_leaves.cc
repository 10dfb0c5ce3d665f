// Products over sums: an axis expression as leaves.
#include <fmt/format.h>

#include <span>
#include <utility>

#include "syntax/axis_expression.h"

namespace rr {
namespace {

// A tensor has a handful of parts; a product of many sums has more than memory holds.
constexpr size_t kMostLeaves = 4096;

bool TooManyLeaves(const Place& place, size_t a, size_t b, Diagnostics* diagnostics) {
  if (a * b <= kMostLeaves) return false;
  diagnostics->Add(
      Code::kBadExpression, place,
      fmt::format("products over sums give more than {} parts of a tensor", kMostLeaves));
  return true;
}

// One alternative of one flattened dimension.
struct FlatLeaf {
  std::string tensor;
  Place place;
  std::vector<LeafAxis> axes;  // dim is filled in later
  Poly offset;
};
struct Flat {
  std::vector<FlatLeaf> leaves;
  Poly size;
};

// Joins the tensor names of two factors; false when they differ.
bool JoinTensor(const std::string& a, const Place& a_place, const std::string& b,
                const Place& b_place, std::string* tensor, Place* place, Diagnostics* diagnostics) {
  if (!a.empty() && !b.empty() && a != b) {
    Diagnostic& d = diagnostics->Add(
        Code::kMixedTensors, b_place,
        fmt::format("axes of `{}` and of `{}` are multiplied with each other", a, b));
    d.notes.push_back({a_place, fmt::format("`{}` is here", a)});
    return false;
  }
  *place = a.empty() ? b_place : a_place;
  *tensor = a.empty() ? b : a;
  return true;
}

std::optional<Flat> FlattenNode(const AxisNode& node, Diagnostics* diagnostics);

// A product of dims, the first slowest.
std::optional<Flat> FlattenDims(std::span<const AxisNode> dims, Diagnostics* diagnostics) {
  if (dims.empty()) return Flat{{FlatLeaf{}}, Poly::Constant(1)};
  std::optional<Flat> fastest = FlattenNode(dims.back(), diagnostics);
  if (!fastest) return std::nullopt;
  Flat result = std::move(*fastest);
  for (auto node = dims.rbegin() + 1; node != dims.rend(); ++node) {
    std::optional<Flat> slow = FlattenNode(*node, diagnostics);
    if (!slow) return std::nullopt;
    if (TooManyLeaves(node->place, slow->leaves.size(), result.leaves.size(), diagnostics))
      return std::nullopt;
    Flat next;
    next.size = slow->size * result.size;
    for (const FlatLeaf& a : slow->leaves) {
      for (const FlatLeaf& b : result.leaves) {
        FlatLeaf leaf;
        if (!JoinTensor(a.tensor, a.place, b.tensor, b.place, &leaf.tensor, &leaf.place,
                        diagnostics)) {
          return std::nullopt;
        }
        leaf.axes.reserve(a.axes.size() + b.axes.size());
        for (LeafAxis axis : a.axes) {
          axis.stride = axis.stride * result.size;
          leaf.axes.push_back(std::move(axis));
        }
        leaf.axes.insert(leaf.axes.end(), b.axes.begin(), b.axes.end());
        leaf.offset = a.offset * result.size + b.offset;
        next.leaves.push_back(std::move(leaf));
      }
    }
    result = std::move(next);
  }
  return result;
}

// A product of dims that belong to one tensor.
std::optional<Flat> FlattenTensor(const AxisNode& tensor, std::span<const AxisNode> dims,
                                  Diagnostics* diagnostics) {
  std::optional<Flat> flat = FlattenDims(dims, diagnostics);
  if (!flat) return std::nullopt;
  for (FlatLeaf& leaf : flat->leaves) {
    if (!JoinTensor(tensor.name, tensor.place, leaf.tensor, leaf.place, &leaf.tensor, &leaf.place,
                    diagnostics)) {
      return std::nullopt;
    }
  }
  return flat;
}

std::optional<Flat> FlattenNode(const AxisNode& node, Diagnostics* diagnostics) {
  switch (node.kind) {
    case AxisNode::Kind::kOne:
      return Flat{{FlatLeaf{}}, Poly::Constant(1)};
    case AxisNode::Kind::kAxis:
    case AxisNode::Kind::kCopies: {
      FlatLeaf leaf;
      leaf.axes.push_back(
          {node.name, 0, Poly::Constant(1), node.place, node.kind == AxisNode::Kind::kCopies});
      return Flat{{std::move(leaf)}, Poly::Axis(node.name)};
    }
    case AxisNode::Kind::kProduct:
      return FlattenDims(node.children, diagnostics);
    case AxisNode::Kind::kTensor:
      return FlattenTensor(node, node.children, diagnostics);
    case AxisNode::Kind::kSum: {
      Flat sum;
      for (const auto& alternative : node.alternatives) {
        std::optional<Flat> flat = FlattenDims(alternative, diagnostics);
        if (!flat) return std::nullopt;
        for (FlatLeaf& leaf : flat->leaves) {
          leaf.offset = leaf.offset + sum.size;
          sum.leaves.push_back(std::move(leaf));
        }
        sum.size = sum.size + flat->size;
      }
      return sum;
    }
  }
  return std::nullopt;
}

// Appends one dimension, in each of its alternatives, to each leaf so far; a scalar tensor, `s[]`,
// has a name but no dimension.
bool AddDim(Flat flat, bool scalar, const Place& place, ExpandedExpr* result,
            Diagnostics* diagnostics) {
  const int dim = static_cast<int>(result->shape.size());
  if (!scalar) result->shape.push_back(std::move(flat.size));
  if (TooManyLeaves(place, result->leaves.size(), flat.leaves.size(), diagnostics)) return false;
  std::vector<Leaf> next;
  next.reserve(result->leaves.size() * flat.leaves.size());
  for (Leaf& before : result->leaves) {
    for (FlatLeaf& flat_leaf : flat.leaves) {
      const bool last = &flat_leaf == &flat.leaves.back();
      Leaf leaf = last ? std::move(before) : before;
      if (!JoinTensor(leaf.tensor, leaf.place, flat_leaf.tensor, flat_leaf.place, &leaf.tensor,
                      &leaf.place, diagnostics)) {
        return false;
      }
      for (const LeafAxis& axis : flat_leaf.axes) {
        leaf.axes.push_back(axis);
        leaf.axes.back().dim = dim;
      }
      if (!scalar) leaf.offsets.push_back(flat_leaf.offset);
      next.push_back(std::move(leaf));
    }
  }
  result->leaves = std::move(next);
  return true;
}

}  // namespace

Poly SizeOf(const std::vector<AxisNode>& dims) {
  Poly size = Poly::Constant(1);
  for (const AxisNode& node : dims) {
    switch (node.kind) {
      case AxisNode::Kind::kOne:
        break;
      case AxisNode::Kind::kAxis:
      case AxisNode::Kind::kCopies:
        size = size * Poly::Axis(node.name);
        break;
      case AxisNode::Kind::kProduct:
      case AxisNode::Kind::kTensor:
        size = size * SizeOf(node.children);
        break;
      case AxisNode::Kind::kSum: {
        Poly sum;
        for (const auto& alternative : node.alternatives) sum = sum + SizeOf(alternative);
        size = size * sum;
      }
    }
  }
  return size;
}

std::optional<ExpandedExpr> Expand(const AxisExpr& expr, Diagnostics* diagnostics) {
  ExpandedExpr result;
  result.leaves.push_back({});
  for (const AxisNode& node : expr) {
    // At the top tensor[A B] is two dimensions of that tensor.
    const bool scalar = node.kind == AxisNode::Kind::kTensor && node.children.empty();
    const bool several = node.kind == AxisNode::Kind::kTensor && !scalar;
    for (size_t d = 0; d < (several ? node.children.size() : 1); ++d) {
      std::optional<Flat> flat =
          several ? FlattenTensor(node, std::span(node.children).subspan(d, 1), diagnostics)
                  : FlattenNode(node, diagnostics);
      if (!flat || !AddDim(std::move(*flat), scalar, node.place, &result, diagnostics))
        return std::nullopt;
    }
  }
  return result;
}

}  // namespace rr
