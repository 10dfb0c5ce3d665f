#include "syntax/ops.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/text.h"
#include "syntax/formula.h"
#include "syntax/formula_poly.h"

namespace rr {
namespace {

// A piece of the stored tensor. Pieces start as whole stored dimensions and are opened by reshape
// (a product) and split (a sum); a piece that is never opened must be an axis.
struct Piece {
  Poly size;
  Place place;
  std::vector<std::shared_ptr<Piece>> factors;
  std::vector<std::pair<SpannedText, std::shared_ptr<Piece>>> sides;  // tensor, piece
};
using PiecePtr = std::shared_ptr<Piece>;

// A dimension of the tensor as it is at this point of the ops.
struct Dim {
  std::string label;
  Poly size;
  std::vector<PiecePtr> pieces;  // slowest first
  bool stacked = false;          // made by `stack`: an axis of the key
};
struct Branch {
  std::string tensor;
  std::vector<Dim> dims;
};

class Lowering {
 public:
  Lowering(const Place& place, Diagnostics* diagnostics)
      : place_(place), diagnostics_(diagnostics) {}

  std::optional<LoweredOps> Run(const std::vector<SpannedText>& shape,
                                const std::vector<OpRule>& ops) {
    Branch branch;
    std::vector<PiecePtr> stored;
    for (const SpannedText& text : shape) {
      std::optional<Dim> dim = NewDim(text);
      if (!dim) return std::nullopt;
      stored.push_back(dim->pieces[0]);
      branch.dims.push_back(std::move(*dim));
    }
    branches_.push_back(std::move(branch));
    for (const OpRule& op : ops) {
      if (!Apply(op)) return std::nullopt;
    }
    LoweredOps lowered;
    for (const PiecePtr& piece : stored) {
      std::optional<AxisNode> node = NodeOf(*piece);
      if (!node) return std::nullopt;
      lowered.expr.push_back(std::move(*node));
    }
    for (const Branch& b : branches_) {
      std::vector<std::string> names;
      for (const Dim& dim : b.dims) names.push_back(dim.label);
      lowered.results.push_back({b.tensor, std::move(names)});
    }
    return lowered;
  }

 private:
  bool Fail(const Place& place, std::string message) {
    diagnostics_->Add(Code::kBadOps, place, std::move(message));
    return false;
  }

  // "2*I", or "X: 2*I" where the formula alone would be ambiguous.
  std::optional<Dim> NewDim(const SpannedText& text) {
    const size_t colon = text.text.find(':');
    SpannedText formula_text = text;
    if (colon != std::string::npos) {
      size_t from = colon + 1;
      while (from < text.text.size() && text.text[from] == ' ') ++from;
      formula_text = text.Slice(from, std::string::npos);
    }
    std::optional<Formula> formula = Formula::Parse(formula_text, diagnostics_);
    if (!formula) return std::nullopt;
    std::optional<Poly> size = ToPoly(*formula);
    if (!size) {
      Fail(text.place(), fmt::format("`{}` is not a size made of axes", text.text));
      return std::nullopt;
    }
    Dim dim;
    dim.label = colon == std::string::npos ? size->ToString() : text.text.substr(0, colon);
    dim.size = *size;
    dim.pieces.push_back(std::make_shared<Piece>(Piece{*size, text.place(), {}, {}}));
    return dim;
  }

  bool Apply(const OpRule& op) {
    bool found = false;
    std::vector<Branch> next;
    for (Branch& branch : branches_) {
      if (!op.of.empty() && op.of != branch.tensor) {
        next.push_back(branch);
        continue;
      }
      found = true;
      switch (op.kind) {
        case OpRule::Kind::kPermute:
          if (!Permute(op, &branch)) return false;
          next.push_back(branch);
          break;
        case OpRule::Kind::kReshape:
          if (!Reshape(op, &branch)) return false;
          next.push_back(branch);
          break;
        case OpRule::Kind::kSplit:
          if (!Split(op, branch, &next)) return false;
          break;
        case OpRule::Kind::kStack: {
          if (op.dim < 0 || op.dim > static_cast<int64_t>(branch.dims.size())) {
            return Fail(op.place, fmt::format("there is no dimension {} to stack at", op.dim));
          }
          Dim dim;
          dim.label = op.axis.text;
          dim.size = Poly::Axis(op.axis.text);
          dim.stacked = true;
          branch.dims.insert(branch.dims.begin() + op.dim, std::move(dim));
          next.push_back(branch);
          break;
        }
        case OpRule::Kind::kConcat:
          if (!CheckDim(op, branch)) return false;
          branch.dims[static_cast<size_t>(op.dim)].label = op.axis.text;
          next.push_back(branch);
          break;
      }
    }
    if (!found) return Fail(op.place, fmt::format("no split has made `{}`", op.of));
    branches_ = std::move(next);
    return true;
  }

  bool CheckDim(const OpRule& op, const Branch& branch) {
    if (op.dim >= 0 && op.dim < static_cast<int64_t>(branch.dims.size())) return true;
    return Fail(op.place, fmt::format("there is no dimension {}: the tensor has {} here", op.dim,
                                      branch.dims.size()));
  }

  static std::string Shown(const std::vector<Dim>& dims) {
    std::vector<std::string> labels;
    for (const Dim& dim : dims) labels.push_back(dim.label);
    return fmt::format("[{}]", fmt::join(labels, ", "));
  }

  bool Permute(const OpRule& op, Branch* branch) {
    std::vector<Dim> dims;
    std::vector<bool> used(branch->dims.size());
    for (const SpannedText& text : op.dims) {
      std::optional<Dim> wanted = NewDim(text);
      if (!wanted) return false;
      size_t found = used.size();
      for (size_t i = 0; i < used.size(); ++i) {
        if (used[i] ||
            (branch->dims[i].label != text.text && branch->dims[i].label != wanted->label))
          continue;
        if (found < used.size()) {
          return Fail(text.place(),
                      fmt::format("`{}` could be dimension {} or {}: name one of them, `name: {}`",
                                  text.text, found, i, text.text));
        }
        found = i;
      }
      if (found == used.size()) {
        return Fail(text.place(), fmt::format("the tensor is {} here and has no dimension `{}`",
                                              Shown(branch->dims), text.text));
      }
      used[found] = true;
      dims.push_back(branch->dims[found]);
    }
    if (dims.size() != branch->dims.size()) {
      return Fail(op.place, fmt::format("permute names {} dimensions, the tensor has {}: {}",
                                        dims.size(), branch->dims.size(), Shown(branch->dims)));
    }
    branch->dims = std::move(dims);
    return true;
  }

  // Consecutive dims are matched from the left: equal sizes stay, one old dim opens into several,
  // several old dims join.
  bool Reshape(const OpRule& op, Branch* branch) {
    std::vector<Dim> wanted;
    for (const SpannedText& text : op.dims) {
      std::optional<Dim> dim = NewDim(text);
      if (!dim) return false;
      wanted.push_back(std::move(*dim));
    }
    std::vector<Dim> result;
    size_t i = 0, j = 0;
    while (i < branch->dims.size() || j < wanted.size()) {
      if (i == branch->dims.size() || j == wanted.size()) {
        return Fail(op.place,
                    fmt::format("{} cannot be reshaped to {}", Shown(branch->dims), Shown(wanted)));
      }
      if (branch->dims[i].size == wanted[j].size) {
        Dim dim = branch->dims[i++];
        dim.label = wanted[j++].label;
        result.push_back(std::move(dim));
        continue;
      }
      size_t i_end = i + 1, j_end = j + 1;
      Poly old_size = branch->dims[i].size, new_size = wanted[j].size;
      while (j_end < wanted.size() && !(old_size == new_size))
        new_size = new_size * wanted[j_end++].size;
      if (!(old_size == new_size)) {
        j_end = j + 1;
        new_size = wanted[j].size;
        while (i_end < branch->dims.size() && !(old_size == new_size))
          old_size = old_size * branch->dims[i_end++].size;
      }
      if (!(old_size == new_size)) {
        return Fail(op.place, fmt::format("{} cannot be reshaped to {}: from `{}` and `{}` on, no "
                                          "product of one side is the other",
                                          Shown(branch->dims), Shown(wanted), branch->dims[i].label,
                                          wanted[j].label));
      }
      if (i_end == i + 1) {
        if (!Open(op, &branch->dims[i], &wanted, j, j_end)) return false;
        for (size_t n = j; n < j_end; ++n) result.push_back(wanted[n]);
      } else {
        Dim joined = branch->dims[i];
        for (size_t n = i + 1; n < i_end; ++n) {
          joined.pieces.insert(joined.pieces.end(), branch->dims[n].pieces.begin(),
                               branch->dims[n].pieces.end());
        }
        joined.label = wanted[j].label;
        joined.size = wanted[j].size;
        result.push_back(std::move(joined));
      }
      i = i_end;
      j = j_end;
    }
    branch->dims = std::move(result);
    return true;
  }

  bool Open(const OpRule& op, Dim* dim, std::vector<Dim>* wanted, size_t begin, size_t end) {
    if (dim->pieces.size() != 1) {
      // A joined dim opens along its own pieces only.
      size_t at = begin;
      for (const PiecePtr& piece : dim->pieces) {
        if (at >= end || !((*wanted)[at].size == piece->size)) {
          return Fail(
              op.place,
              fmt::format("`{}` was joined from other dimensions and cannot be cut across them",
                          dim->label));
        }
        (*wanted)[at++].pieces = {piece};
      }
      return true;
    }
    Piece& piece = *dim->pieces[0];
    if (!piece.sides.empty())
      return Fail(op.place, fmt::format("`{}` has been split already", dim->label));
    if (piece.factors.empty()) {
      for (size_t n = begin; n < end; ++n) piece.factors.push_back((*wanted)[n].pieces[0]);
      return true;
    }
    // Another branch has opened this shared dimension: it must have done it in the same way.
    bool same = piece.factors.size() == end - begin;
    for (size_t n = begin; same && n < end; ++n)
      same = piece.factors[n - begin]->size == (*wanted)[n].size;
    if (!same) return Fail(op.place, fmt::format("`{}` is reshaped in two ways", dim->label));
    for (size_t n = begin; n < end; ++n) (*wanted)[n].pieces = {piece.factors[n - begin]};
    return true;
  }

  bool Split(const OpRule& op, const Branch& branch, std::vector<Branch>* next) {
    if (!CheckDim(op, branch)) return false;
    const Dim& dim = branch.dims[static_cast<size_t>(op.dim)];
    if (dim.pieces.size() != 1 || !dim.pieces[0]->factors.empty() ||
        !dim.pieces[0]->sides.empty()) {
      return Fail(op.place,
                  fmt::format("`{}` cannot be split: it was joined or opened before", dim.label));
    }
    Poly sum;
    for (const auto& [tensor, size_text] : op.into) {
      std::optional<Dim> side = NewDim(size_text);
      if (!side) return false;
      sum = sum + side->size;
      dim.pieces[0]->sides.push_back({tensor, side->pieces[0]});
      Branch made = branch;
      made.tensor = tensor.text;
      made.dims[static_cast<size_t>(op.dim)] = std::move(*side);
      next->push_back(std::move(made));
    }
    if (!(sum == dim.size)) {
      return Fail(op.place, fmt::format("the parts add up to {}, dimension {} is {}",
                                        sum.ToString(), op.dim, dim.size.ToString()));
    }
    return true;
  }

  std::optional<AxisNode> NodeOf(const Piece& piece) {
    AxisNode node;
    node.place = piece.place;
    if (!piece.factors.empty()) {
      node.kind = AxisNode::Kind::kProduct;
      for (const PiecePtr& factor : piece.factors) {
        std::optional<AxisNode> child = NodeOf(*factor);
        if (!child) return std::nullopt;
        node.children.push_back(std::move(*child));
      }
      return node;
    }
    if (!piece.sides.empty()) {
      node.kind = AxisNode::Kind::kSum;
      for (const auto& [tensor, side] : piece.sides) {
        std::optional<AxisNode> child = NodeOf(*side);
        if (!child) return std::nullopt;
        AxisNode labelled;
        labelled.kind = AxisNode::Kind::kTensor;
        labelled.name = tensor.text;
        labelled.place = tensor.place();
        labelled.children.push_back(std::move(*child));
        node.alternatives.push_back({std::move(labelled)});
      }
      return node;
    }
    if (piece.size == Poly::Constant(1)) return node;
    const std::vector<std::string> axes = piece.size.Axes();
    if (axes.size() != 1 || !(piece.size == Poly::Axis(axes[0]))) {
      Fail(piece.place,
           fmt::format("dimension `{}` is no axis and no op opens it", piece.size.ToString()));
      return std::nullopt;
    }
    node.kind = AxisNode::Kind::kAxis;
    node.name = axes[0];
    return node;
  }

  Place place_;
  Diagnostics* diagnostics_;
  std::vector<Branch> branches_;
};

}  // namespace

std::optional<LoweredOps> LowerOps(const std::vector<SpannedText>& shape,
                                   const std::vector<OpRule>& ops, const Place& place,
                                   Diagnostics* diagnostics) {
  return Lowering(place, diagnostics).Run(shape, ops);
}

}  // namespace rr
