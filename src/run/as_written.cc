#include "run/as_written.h"

#include <algorithm>
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

// Where a piece lies: its stored tensor's elements from a position on.
struct Box {
  const BoundLeaf* leaf = nullptr;
  std::vector<std::byte>* bytes = nullptr;
  int64_t start = 0;
};

std::vector<int64_t> PositionsOf(const Box& box) {
  std::vector<int64_t> positions{box.start};
  for (const BoundLeaf::Axis& axis : box.leaf->axes) {
    for (const BoundLeaf::Digit& digit : axis.digits) {
      std::vector<int64_t> next;
      for (const int64_t from : positions) {
        for (int64_t i = 0; i < digit.n; ++i) next.push_back(from + i * digit.stride);
      }
      positions = std::move(next);
    }
  }
  return positions;
}

// A copy holds the same elements of the same tensor as the piece that it is tied to.
void EqualCopies(const BoundLayout& bound, const KeyTable& table, Tensors* tensors) {
  std::map<std::pair<int, std::vector<int64_t>>, std::vector<Box>> own, copies;
  for (const BoundPiece& piece : bound.pieces) {
    const auto key = table.by_name.find(bound.tensors[piece.stored].key);
    if (key == table.by_name.end()) continue;
    const BoundLeaf& leaf = bound.leaves[piece.leaf];
    (leaf.tied ? copies : own)[{leaf.tensor, piece.fixed}].push_back(
        {&leaf, &(*tensors)[key->second], piece.start});
  }
  for (const auto& [elements, boxes] : copies) {
    const auto first = own.find(elements);
    if (first == own.end()) continue;
    const Box& from = first->second[0];
    const std::vector<int64_t> read = PositionsOf(from);
    for (const Box& to : boxes) {
      const std::vector<int64_t> written = PositionsOf(to);
      for (size_t i = 0; i < std::min(read.size(), written.size()); ++i)
        std::memcpy(to.bytes->data() + written[i] * kSize, from.bytes->data() + read[i] * kSize,
                    kSize);
    }
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
