#include "run/as_written.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "bind/bound_layout.h"
#include "run/box_rows.h"
#include "run/check_known.h"

namespace rr {
namespace {

using Tensors = std::vector<std::vector<std::byte>>;

constexpr int64_t kSize = 4;  // bytes of an element

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

}  // namespace

// A copy holds the same elements of the same tensor as the piece that it is tied to.
void MakeCopiesEqual(const CheckedLayout& layout, const Model& model, const KeyTable& table,
                     Tensors* tensors) {
  Diagnostics ignored;
  const std::optional<BoundLayout> instantiated =
      Instantiate(model, layout, DefaultChoice(layout), {}, &ignored);
  if (!instantiated) return;
  const BoundLayout& bound = *instantiated;
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

void WriteKnown(const Conversion& conversion, Tensors* tensors) {
  for (const KnownElements& known : conversion.known) {
    const auto size = static_cast<size_t>(BitsOf(conversion.graph.sources[known.source].dtype)) / 8;
    const std::vector<std::byte> element = StoredValue(known, size);
    std::byte* bytes = (*tensors)[known.source].data();
    ForEachRow(known.box, [&](const Row& row) {
      for (int64_t i = 0; i < row.n; ++i)
        std::memcpy(bytes + static_cast<size_t>(row.src + i * row.src_stride) * size,
                    element.data(), size);
    });
  }
}

}  // namespace rr
