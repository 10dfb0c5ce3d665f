#include "plan/factor_values.h"

#include <algorithm>
#include <cstring>

namespace rr {
namespace {

constexpr size_t kKept = 4;  // tensors read lately

bool SameDigits(const BoundLeaf& a, const BoundLeaf& b) {
  if (a.axes.size() != b.axes.size()) return false;
  for (size_t i = 0; i < a.axes.size(); ++i) {
    const auto& x = a.axes[i].digits;
    const auto& y = b.axes[i].digits;
    if (x.size() != y.size()) return false;
    for (size_t d = 0; d < x.size(); ++d) {
      if (x[d].n != y[d].n || x[d].stride != y[d].stride) return false;
    }
  }
  return true;
}

}  // namespace

bool FactorValues::StoredOnce(const std::vector<uint32_t>& a,
                              const std::vector<uint32_t>& b) const {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const BoundPiece& x = sliced_.bound.pieces[a[i]];
    const BoundPiece& y = sliced_.bound.pieces[b[i]];
    if (x.stored != y.stored || x.start != y.start ||
        !SameDigits(sliced_.bound.leaves[x.leaf], sliced_.bound.leaves[y.leaf]))
      return false;
  }
  return true;
}

const std::vector<std::byte>& FactorValues::Bytes(uint32_t stored) {
  for (auto at = recent_.begin(); at != recent_.end(); ++at) {
    if (at->first != stored) continue;
    recent_.splice(recent_.begin(), recent_, at);
    return recent_.front().second;
  }
  recent_.emplace_front(stored, read_(source_.found[stored]));
  if (recent_.size() > kKept) recent_.pop_back();
  return recent_.front().second;
}

std::vector<std::byte> FactorValues::Gather(std::vector<uint32_t> pieces, size_t* element) {
  // Copies of the same elements say nothing new.
  std::erase_if(
      pieces, [&](uint32_t p) { return sliced_.bound.leaves[sliced_.bound.pieces[p].leaf].tied; });
  if (pieces.size() != 1 || !read_) return {};
  const BoundPiece& piece = sliced_.bound.pieces[pieces[0]];
  const BoundLeaf& leaf = sliced_.bound.leaves[piece.leaf];
  const CheckedRules& rules = source_.model->rules();
  const LogicalTensor& tensor = rules.tensors[static_cast<size_t>(leaf.tensor)];
  const std::optional<Dtype> dtype = table_.keys[source_.found[piece.stored]].dtype;
  if (!dtype || BitsOf(*dtype) % 8 != 0) return {};
  *element = static_cast<size_t>(BitsOf(*dtype)) / 8;
  // Rank first, then the other axes in their order.
  std::vector<BoundLeaf::Digit> digits;
  const size_t rank = RankAxisOf(tensor);
  auto add = [&](size_t axis) {
    digits.insert(digits.end(), leaf.axes[axis].digits.begin(), leaf.axes[axis].digits.end());
  };
  if (rank < tensor.axes.size()) add(rank);
  for (size_t a = tensor.batch; a < tensor.axes.size(); ++a) {
    if (a != rank) add(a);
  }
  int64_t count = 1;
  for (const BoundLeaf::Digit& digit : digits) count *= digit.n;
  std::vector<std::byte> gathered(static_cast<size_t>(count) * *element);
  const std::vector<std::byte>& bytes = Bytes(piece.stored);
  std::vector<int64_t> at(digits.size(), 0);
  int64_t position = piece.start;
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(gathered.data() + static_cast<size_t>(i) * *element,
                bytes.data() + static_cast<size_t>(position) * *element, *element);
    for (size_t d = digits.size(); d-- > 0;) {
      position += digits[d].stride;
      if (++at[d] < digits[d].n) break;
      position -= digits[d].n * digits[d].stride;
      at[d] = 0;
    }
  }
  return gathered;
}

bool FactorValues::Equal(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  if (StoredOnce(a, b)) return true;
  size_t element_a = 0, element_b = 0;
  const std::vector<std::byte> x = Gather(a, &element_a);
  const std::vector<std::byte> y = Gather(b, &element_b);
  return !x.empty() && element_a == element_b && x == y;
}

size_t FactorValues::RankOf(const std::vector<uint32_t>& pieces) const {
  const BoundLeaf& leaf = sliced_.bound.leaves[sliced_.bound.pieces[pieces[0]].leaf];
  const LogicalTensor& tensor = source_.model->rules().tensors[static_cast<size_t>(leaf.tensor)];
  size_t rank = 1;
  for (const BoundLeaf::Digit& digit : leaf.axes[RankAxisOf(tensor)].digits)
    rank *= static_cast<size_t>(digit.n);
  return rank;
}

bool FactorValues::Differ(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b,
                          int64_t first, int64_t rank) {
  if (StoredOnce(a, b)) return false;
  size_t element = 0;
  const std::vector<std::byte> x = Gather(a, &element);
  const std::vector<std::byte> y = Gather(b, &element);
  const auto dtype = [&](const std::vector<uint32_t>& pieces) {
    return table_.keys[source_.found[sliced_.bound.pieces[pieces[0]].stored]].dtype;
  };
  if (x.empty() || x.size() != y.size() || dtype(a) != dtype(b) || RankOf(a) != RankOf(b))
    return false;
  const auto row = static_cast<int64_t>(x.size() / RankOf(a));
  const int64_t begin = first * row, end = (first + rank) * row;
  return !std::equal(x.begin() + begin, x.begin() + end, y.begin() + begin);
}

std::vector<bool> FactorValues::NonZeroRanks(const std::vector<uint32_t>& b) {
  size_t element = 0;
  const std::vector<std::byte> bytes = Gather(b, &element);
  if (bytes.empty()) return {};
  const size_t rank = RankOf(b);
  const size_t row = rank == 0 ? 0 : bytes.size() / rank;
  std::vector<bool> nonzero(rank, false);
  for (size_t r = 0; r < rank; ++r) {
    // The sign of a zero says nothing: the highest bit of an element is left out.
    for (size_t i = 0; i < row && !nonzero[r]; ++i) {
      const bool top = i % element == element - 1;
      const auto byte = std::to_integer<unsigned>(bytes[r * row + i]);
      nonzero[r] = (top ? byte & 0x7fu : byte) != 0;
    }
  }
  return nonzero;
}

}  // namespace rr
