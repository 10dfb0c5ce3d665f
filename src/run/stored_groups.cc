#include "run/stored_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/shape.h"

namespace rr {
namespace {

// The dimension in which a flat distance is a whole number of steps that stay within it.
MovingDim DimOf(const std::vector<int64_t>& shape, int64_t distance) {
  int64_t row = ElementCount(shape);
  for (size_t d = 0; d < shape.size(); ++d) {
    const int64_t above = row;
    row /= shape[d];
    if (distance < above && distance >= row && distance % row == 0)
      return {static_cast<int>(d), distance / row, ""};
  }
  return {};
}

class Grouper {
 public:
  explicit Grouper(const BoundLayout& bound) : bound_(bound), pieces_(bound.tensors.size()) {
    for (uint32_t p = 0; p < bound.pieces.size(); ++p) pieces_[bound.pieces[p].stored].push_back(p);
  }

  std::vector<StoredGroup> Run() {
    std::vector<StoredGroup> groups;
    std::map<std::string, size_t> known;
    for (uint32_t s = 0; s < bound_.tensors.size(); ++s) {
      std::vector<PieceRun> runs = RunsOf(s);
      const auto [at, is_new] = known.emplace(SignatureOf(s, runs), groups.size());
      if (is_new) groups.push_back({bound_.tensors[s].entry, {}, {}});
      groups[at->second].stored.push_back(s);
      groups[at->second].runs.push_back(std::move(runs));
    }
    return groups;
  }

 private:
  std::vector<PieceRun> RunsOf(uint32_t stored) const {
    std::vector<PieceRun> runs;
    for (const uint32_t p : pieces_[stored]) {
      if (runs.empty() || !Extends(&runs.back(), p)) runs.push_back({{p}, -1, {}});
    }
    return runs;
  }

  bool Extends(PieceRun* run, uint32_t next) const {
    const BoundPiece& last = bound_.pieces[run->pieces.back()];
    const BoundPiece& piece = bound_.pieces[next];
    if (last.leaf != piece.leaf) return false;
    int axis = -1;
    for (size_t a = 0; a < piece.fixed.size(); ++a) {
      if (piece.fixed[a] == last.fixed[a]) continue;
      if (axis >= 0) return false;
      axis = static_cast<int>(a);
    }
    const std::vector<int64_t>& shape = bound_.tensors[piece.stored].shape;
    const MovingDim moving = DimOf(shape, piece.start - last.start);
    if (axis < 0 || moving.dim < 0) return false;
    if (run->axis < 0) {
      run->axis = axis;
      run->moving = moving;
    } else if (run->axis != axis || run->moving.dim != moving.dim ||
               run->moving.step != moving.step) {
      return false;
    }
    run->pieces.push_back(next);
    return true;
  }

  // Everything but the indices that the key gives.
  std::string SignatureOf(uint32_t stored, const std::vector<PieceRun>& runs) const {
    const BoundTensor& tensor = bound_.tensors[stored];
    std::string text = fmt::format("{} [{}]", tensor.entry, fmt::join(tensor.shape, " "));
    for (const PieceRun& run : runs) {
      const BoundPiece& first = bound_.pieces[run.pieces[0]];
      const BoundLeaf& leaf = bound_.leaves[first.leaf];
      text += fmt::format("; {} @{} {}", leaf.tensor, first.start, run.axis);
      for (const uint32_t p : run.pieces) {
        const auto a = static_cast<size_t>(std::max(run.axis, 0));
        if (run.axis >= 0) text += fmt::format(" {}", bound_.pieces[p].fixed[a]);
      }
      for (const BoundLeaf::Axis& axis : leaf.axes) {
        text += axis.fixed ? "|f" : "|";
        for (const BoundLeaf::Digit& digit : axis.digits)
          text += fmt::format(" {}x{}", digit.n, digit.stride);
      }
    }
    return text;
  }

  const BoundLayout& bound_;
  std::vector<std::vector<uint32_t>> pieces_;
};

}  // namespace

std::vector<StoredGroup> GroupStored(const BoundLayout& bound) { return Grouper(bound).Run(); }

std::string AsFormula(const std::vector<int64_t>& values,
                      const std::vector<std::vector<int64_t>>& captures,
                      const std::vector<std::string>& names) {
  if (std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == values[0]; }))
    return std::to_string(values[0]);
  for (size_t c = 0; c < names.size(); ++c) {
    size_t other = 0;
    while (other < values.size() && captures[other][c] == captures[0][c]) ++other;
    if (other == values.size()) continue;
    const int64_t run = captures[other][c] - captures[0][c], rise = values[other] - values[0];
    if (rise == 0 || rise % run != 0) continue;
    const int64_t step = rise / run, start = values[0] - step * captures[0][c];
    bool fits = true;
    for (size_t i = 0; fits && i < values.size(); ++i)
      fits = values[i] == start + step * captures[i][c];
    if (!fits) continue;
    const std::string moved = step == 1 ? names[c] : fmt::format("{}*{}", step, names[c]);
    return start == 0 ? moved : fmt::format("{} + {}", moved, start);
  }
  return "";
}

}  // namespace rr
