#include "run/as_written.h"

#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "bind/bound_layout.h"

namespace rr {
namespace {

using Tensors = std::vector<std::vector<std::byte>>;

constexpr int64_t kSize = 4;  // bytes of an element

void ZeroPads(const BoundLayout& bound, const Model& model, const KeyTable& table,
              Tensors* tensors) {
  for (const BoundTensor& tensor : bound.tensors) {
    const CheckedEntry& entry = bound.EntryOf(tensor);
    if (!entry.rule->pad || table.by_name.count(tensor.key) == 0) continue;
    const auto dim = static_cast<size_t>(entry.rule->pad->dim);
    const int64_t kept = entry.shape[dim]
                             .Evaluate([&](const std::string& a) { return model.SizeOf(a); })
                             .value_or(0);
    std::vector<std::byte>& bytes = (*tensors)[table.by_name.at(tensor.key)];
    int64_t inner = kSize, outer = 1;
    for (size_t d = dim + 1; d < tensor.shape.size(); ++d) inner *= tensor.shape[d];
    for (size_t d = 0; d < dim; ++d) outer *= tensor.shape[d];
    for (int64_t o = 0; o < outer; ++o) {
      std::memset(bytes.data() + (o * tensor.shape[dim] + kept) * inner, 0,
                  static_cast<size_t>((tensor.shape[dim] - kept) * inner));
    }
  }
}

// The elements of a leaf from position `from` on stand again from `to` on.
void CopyLeaf(const BoundLeaf& leaf, int64_t from, int64_t to, std::vector<std::byte>* bytes) {
  std::vector<BoundLeaf::Digit> digits;
  int64_t count = 1;
  for (const BoundLeaf::Axis& axis : leaf.axes) {
    for (const BoundLeaf::Digit& digit : axis.digits) {
      digits.push_back(digit);
      count *= digit.n;
    }
  }
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = 0, rest = i;
    for (const BoundLeaf::Digit& digit : digits) {
      at += rest % digit.n * digit.stride;
      rest /= digit.n;
    }
    std::memcpy(bytes->data() + (to + at) * kSize, bytes->data() + (from + at) * kSize, kSize);
  }
}

// The leaves of copies stand behind the leaf that they are copies of, with as many pieces.
void EqualCopies(const BoundLayout& bound, const KeyTable& table, Tensors* tensors) {
  std::map<std::pair<uint32_t, uint32_t>, std::vector<int64_t>> starts;  // by leaf and stored
  for (const BoundPiece& piece : bound.pieces)
    starts[{piece.leaf, piece.stored}].push_back(piece.start);
  for (const auto& [at, copies] : starts) {
    uint32_t own = at.first;
    while (own > 0 && bound.leaves[own].tied) --own;
    const auto key = table.by_name.find(bound.tensors[at.second].key);
    const auto first = starts.find({own, at.second});
    if (own == at.first || key == table.by_name.end() || first == starts.end()) continue;
    for (size_t i = 0; i < copies.size(); ++i)
      CopyLeaf(bound.leaves[own], first->second[i], copies[i], &(*tensors)[key->second]);
  }
}

}  // namespace

void MakeAsWritten(const CheckedLayout& layout, const Model& model, const KeyTable& table,
                   Tensors* tensors) {
  Diagnostics ignored;
  const std::optional<BoundLayout> bound =
      Instantiate(model, layout, DefaultChoice(layout), {}, &ignored);
  if (!bound) return;
  ZeroPads(*bound, model, table, tensors);
  EqualCopies(*bound, table, tensors);
}

}  // namespace rr
