#include "plan/join.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace rr {
namespace {

struct VectorHash {
  size_t operator()(const std::vector<int64_t>& v) const {
    uint64_t h = 0x9E3779B97F4A7C15ULL;
    for (const int64_t x : v)
      h = (h ^ static_cast<uint64_t>(x)) * 0xff51afd7ed558ccdULL + (h >> 29);
    return static_cast<size_t>(h);
  }
};

using Index = std::unordered_map<std::vector<int64_t>, std::vector<uint32_t>, VectorHash>;

class LeafJoiner {
 public:
  LeafJoiner(const BoundLayout& source, const BoundLayout& destination, const CheckedRules& rules,
             Diagnostics* diagnostics)
      : source_(source), destination_(destination), rules_(rules), diagnostics_(diagnostics) {
    for (uint32_t i = 0; i < source.pieces.size(); ++i) {
      const BoundLeaf& leaf = source.leaves[source.pieces[i].leaf];
      by_mask_[{leaf.tensor, MaskOf(leaf)}].push_back(i);
    }
  }

  std::vector<JoinedBox> Run() {
    for (uint32_t i = 0; i < destination_.pieces.size(); ++i) {
      const BoundLeaf& leaf = destination_.leaves[destination_.pieces[i].leaf];
      const std::vector<bool> mask = MaskOf(leaf);
      const auto begin = by_mask_.lower_bound({leaf.tensor, {}});
      for (auto group = begin; group != by_mask_.end() && group->first.first == leaf.tensor;
           ++group) {
        std::vector<bool> common = mask;
        for (size_t a = 0; a < common.size(); ++a) common[a] = common[a] && group->first.second[a];
        const Index& index = IndexOf(group->first, group->second, common);
        const auto found = index.find(ValuesOf(destination_.pieces[i], common));
        if (found == index.end()) continue;
        for (const uint32_t source_piece : found->second) Box(source_piece, i);
      }
    }
    return std::move(boxes_);
  }

 private:
  static std::vector<bool> MaskOf(const BoundLeaf& leaf) {
    std::vector<bool> mask;
    for (const BoundLeaf::Axis& axis : leaf.axes) mask.push_back(axis.fixed);
    return mask;
  }

  static std::vector<int64_t> ValuesOf(const BoundPiece& piece, const std::vector<bool>& mask) {
    std::vector<int64_t> values;
    for (size_t a = 0; a < mask.size(); ++a) {
      if (mask[a]) values.push_back(piece.fixed[a]);
    }
    return values;
  }

  using GroupKey = std::pair<int, std::vector<bool>>;

  const Index& IndexOf(const GroupKey& group, const std::vector<uint32_t>& pieces,
                       const std::vector<bool>& common) {
    const auto [at, is_new] = indices_.emplace(std::pair{group, common}, Index{});
    if (is_new) {
      for (const uint32_t piece : pieces)
        at->second[ValuesOf(source_.pieces[piece], common)].push_back(piece);
    }
    return at->second;
  }

  void Box(uint32_t source_piece, uint32_t destination_piece) {
    const BoundPiece& s = source_.pieces[source_piece];
    const BoundPiece& d = destination_.pieces[destination_piece];
    const BoundLeaf& sl = source_.leaves[s.leaf];
    const BoundLeaf& dl = destination_.leaves[d.leaf];
    JoinedBox box{
        source_piece, destination_piece, {}, sl.tied ? EdgeKind::kCompare : EdgeKind::kCopy};
    box.copy.src_start = s.start;
    box.copy.dst_start = d.start;
    // A destination that stores one element for every index of an axis takes index 0; the others
    // must be equal to it.
    std::vector<const std::vector<BoundLeaf::Digit>*> compared;
    for (size_t a = 0; a < sl.axes.size(); ++a) {
      const BoundLeaf::Axis& sa = sl.axes[a];
      const BoundLeaf::Axis& da = dl.axes[a];
      if (sa.fixed && da.fixed) continue;
      if (sa.fixed) {
        if (da.replicated) {
          if (s.fixed[a] != 0) box.kind = EdgeKind::kCompare;
        } else {
          box.copy.dst_start += PositionOf(da.digits, s.fixed[a]);
        }
      } else if (da.fixed) {
        box.copy.src_start += PositionOf(sa.digits, d.fixed[a]);
      } else if (da.replicated) {
        if (!sa.replicated) compared.push_back(&sa.digits);
      } else if (!CommonDigits(sa.digits, da.digits, &box.copy.dims)) {
        NotNested(sl, dl, a);
        return;
      }
    }
    boxes_.push_back(box);
    if (compared.empty()) return;
    // Every other combination of indices, compared with the first.
    std::vector<int64_t> sizes;
    for (const auto* digits : compared) {
      int64_t n = 1;
      for (const BoundLeaf::Digit& digit : *digits) n *= digit.n;
      sizes.push_back(n);
    }
    std::vector<int64_t> at(sizes.size(), 0);
    while (true) {
      size_t i = 0;
      for (; i < at.size(); ++i) {
        if (++at[i] < sizes[i]) break;
        at[i] = 0;
      }
      if (i == at.size()) return;
      JoinedBox other = box;
      other.kind = EdgeKind::kCompare;
      for (size_t c = 0; c < at.size(); ++c)
        other.copy.src_start += PositionOf(*compared[c], at[c]);
      boxes_.push_back(std::move(other));
    }
  }

  void NotNested(const BoundLeaf& sl, const BoundLeaf& dl, size_t axis) {
    const LogicalTensor& tensor = rules_.tensors[static_cast<size_t>(sl.tensor)];
    if (!reported_.insert({sl.tensor, axis}).second) return;
    auto text = [](const std::vector<BoundLeaf::Digit>& digits) {
      std::vector<int64_t> sizes;
      for (const BoundLeaf::Digit& digit : digits) sizes.push_back(digit.n);
      return fmt::format("{}", fmt::join(sizes, " x "));
    };
    diagnostics_->Add(Code::kNoCommonRefinement, tensor.place,
                      fmt::format("axis {} of `{}` is {} in `{}` and {} in `{}`", tensor.axes[axis],
                                  rules_.FullName(sl.tensor), text(sl.axes[axis].digits),
                                  source_.layout->name.text, text(dl.axes[axis].digits),
                                  destination_.layout->name.text));
  }

  const BoundLayout& source_;
  const BoundLayout& destination_;
  const CheckedRules& rules_;
  Diagnostics* diagnostics_;
  std::map<GroupKey, std::vector<uint32_t>> by_mask_;
  std::map<std::pair<GroupKey, std::vector<bool>>, Index> indices_;
  std::set<std::pair<int, size_t>> reported_;
  std::vector<JoinedBox> boxes_;
};

}  // namespace

StridedCopy BoxOf(const BoundLeaf& leaf, const BoundPiece& piece) {
  StridedCopy box{{}, piece.start, piece.start};
  for (const BoundLeaf::Axis& axis : leaf.axes) {
    if (axis.replicated) continue;
    for (const BoundLeaf::Digit& digit : axis.digits)
      box.dims.push_back({digit.n, digit.stride, digit.stride});
  }
  return box;
}

int64_t PositionOf(const std::vector<BoundLeaf::Digit>& digits, int64_t value) {
  int64_t position = 0;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    if (digit->n == 0) return 0;
    position += (value % digit->n) * digit->stride;
    value /= digit->n;
  }
  return position;
}

bool CommonDigits(const std::vector<BoundLeaf::Digit>& source,
                  const std::vector<BoundLeaf::Digit>& destination, std::vector<CopyDim>* dims) {
  // From the fastest digit on: each step takes the smaller of what is left of the two current
  // digits.
  std::vector<CopyDim> found;
  auto s = source.rbegin();
  auto d = destination.rbegin();
  int64_t s_done = 1, d_done = 1;  // how much of the current digits has been taken
  while (s != source.rend() && d != destination.rend()) {
    const int64_t s_left = s->n / s_done;
    const int64_t d_left = d->n / d_done;
    const int64_t n = std::min(s_left, d_left);
    if (n > 0 && std::max(s_left, d_left) % n != 0) return false;
    found.push_back({n, s->stride * s_done, d->stride * d_done});
    if (n == 0) break;
    s_done *= n;
    d_done *= n;
    if (s_done == s->n) ++s, s_done = 1;
    if (d != destination.rend() && d_done == d->n) ++d, d_done = 1;
  }
  // Digits of one element may be left over, anything else means that the two sides differ in size.
  const bool empty = !found.empty() && found.back().n == 0;
  for (; !empty && s != source.rend(); ++s) {
    if (s->n != 1) return false;
  }
  for (; !empty && d != destination.rend(); ++d) {
    if (d->n != 1) return false;
  }
  dims->insert(dims->end(), found.rbegin(), found.rend());
  return true;
}

std::vector<JoinedBox> Join(const BoundLayout& source, const BoundLayout& destination,
                            const CheckedRules& rules, Diagnostics* diagnostics) {
  return LeafJoiner(source, destination, rules, diagnostics).Run();
}

}  // namespace rr
