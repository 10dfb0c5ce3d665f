#include "bind/slices.h"

#include <fmt/format.h>

#include <utility>

#include "syntax/adapter_style.h"

namespace rr {
namespace {

// One piece at every index of its batch axes.
class Cutter {
 public:
  Cutter(const BoundLayout& bound, const CheckedRules& rules) : bound_(bound), rules_(rules) {
    result_.bound.layout = bound.layout;
    result_.bound.choice = bound.choice;
    result_.bound.tensors = bound.tensors;
  }

  SlicedLayout Run() {
    for (const BoundPiece& piece : bound_.pieces) {
      const LogicalTensor& tensor = TensorOf(piece);
      if (tensor.factor == Factor::kSaved || tensor.factor == Factor::kNone) {
        Keep(piece);
      } else {
        Cut(piece, tensor);
      }
    }
    return std::move(result_);
  }

 private:
  const LogicalTensor& TensorOf(const BoundPiece& piece) const {
    return rules_.tensors[static_cast<size_t>(bound_.leaves[piece.leaf].tensor)];
  }

  uint32_t LeafAs(uint32_t leaf, bool cut) {
    const auto [at, is_new] = leaves_.emplace(std::pair{leaf, cut}, result_.bound.leaves.size());
    if (!is_new) return static_cast<uint32_t>(at->second);
    BoundLeaf made = bound_.leaves[leaf];
    const LogicalTensor& tensor = rules_.tensors[static_cast<size_t>(made.tensor)];
    for (size_t a = 0; cut && a < tensor.batch; ++a) made.axes[a] = {true, false, {}};
    result_.bound.leaves.push_back(std::move(made));
    return static_cast<uint32_t>(at->second);
  }

  void Keep(const BoundPiece& piece) {
    BoundPiece kept = piece;
    kept.leaf = LeafAs(piece.leaf, false);
    result_.bound.pieces.push_back(std::move(kept));
  }

  void Cut(const BoundPiece& piece, const LogicalTensor& tensor) {
    const BoundLeaf& leaf = bound_.leaves[piece.leaf];
    std::vector<BoundPiece> pieces{piece};
    for (size_t a = 0; a < tensor.batch; ++a) {
      if (leaf.axes[a].fixed) continue;
      int64_t count = 1;
      for (const BoundLeaf::Digit& digit : leaf.axes[a].digits) count *= digit.n;
      std::vector<BoundPiece> next;
      for (const BoundPiece& one : pieces) {
        for (int64_t value = 0; value < count; ++value) {
          BoundPiece made = one;
          made.fixed[a] = value;
          int64_t rest = value;
          for (auto digit = leaf.axes[a].digits.rbegin(); digit != leaf.axes[a].digits.rend();
               ++digit) {
            made.start += rest % digit->n * digit->stride;
            rest /= digit->n;
          }
          next.push_back(std::move(made));
        }
      }
      pieces = std::move(next);
    }
    for (BoundPiece& made : pieces) {
      made.leaf = LeafAs(piece.leaf, true);
      SliceKey key{WeightOf(rules_, leaf.tensor),
                   {made.fixed.begin(), made.fixed.begin() + static_cast<int64_t>(tensor.batch)}};
      result_.slices[std::move(key)]
          .Of(tensor.factor)
          .push_back(static_cast<uint32_t>(result_.bound.pieces.size()));
      result_.bound.pieces.push_back(std::move(made));
    }
  }

  const BoundLayout& bound_;
  const CheckedRules& rules_;
  std::map<std::pair<uint32_t, bool>, size_t> leaves_;
  SlicedLayout result_;
};

std::string WordFor(const std::string& axis) {
  return axis == "L" ? "layer" : axis == "E" ? "expert" : axis;
}

}  // namespace

std::vector<uint32_t>& SlicePieces::Of(Factor factor) {
  return factor == Factor::kA           ? a
         : factor == Factor::kB         ? b
         : factor == Factor::kMagnitude ? magnitude
                                        : bias;
}
const std::vector<uint32_t>& SlicePieces::Of(Factor factor) const {
  return const_cast<SlicePieces*>(this)->Of(factor);
}

SlicedLayout CutIntoSlices(const BoundLayout& bound, const CheckedRules& rules) {
  return Cutter(bound, rules).Run();
}

int WeightOf(const CheckedRules& rules, int factor) {
  const LogicalTensor& tensor = rules.tensors[static_cast<size_t>(factor)];
  // Factors follow their weight.
  for (int i = factor; i >= 0; --i) {
    const LogicalTensor& other = rules.tensors[static_cast<size_t>(i)];
    if (other.block == tensor.block && other.name == tensor.weight) return i;
  }
  return -1;
}

size_t RankAxisOf(const LogicalTensor& factor) {
  for (size_t a = 0; a < factor.axes.size(); ++a) {
    if (factor.axes[a] == kRankAxis) return a;
  }
  return factor.axes.size();
}

std::string SliceName(const CheckedRules& rules, const SliceKey& slice) {
  const LogicalTensor& tensor = rules.tensors[static_cast<size_t>(slice.weight)];
  std::string text = rules.FullName(slice.weight);
  for (size_t a = 0; a < slice.batch.size(); ++a)
    text += fmt::format("{} {} {}", a == 0 ? " at" : ",", WordFor(tensor.axes[a]), slice.batch[a]);
  return text;
}

}  // namespace rr
