#include "plan/adapter_saved.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "plan/join.h"

namespace rr {
namespace {

BoundLayout OnlySaved(BoundLayout bound, const CheckedRules& rules) {
  std::erase_if(bound.pieces, [&](const BoundPiece& piece) {
    const int tensor = bound.leaves[piece.leaf].tensor;
    return rules.tensors[static_cast<size_t>(tensor)].factor != Factor::kSaved;
  });
  return bound;
}

}  // namespace

std::vector<std::string> MoveSaved(const BoundSource& source, const BoundLayout& destination,
                                   EdgeBuilder* edges, Diagnostics* diagnostics) {
  const CheckedRules& rules = source.model->rules();
  const BoundLayout from = OnlySaved(source.layout, rules), to = OnlySaved(destination, rules);
  std::vector<int64_t> covered(to.tensors.size(), 0), needed(to.tensors.size(), 0);
  for (const BoundPiece& piece : to.pieces) needed[piece.stored] += to.CountOf(piece);
  std::set<int> moved;
  for (JoinedBox& box : Join(from, to, rules, diagnostics)) {
    const BoundPiece& piece = from.pieces[box.source_piece];
    const BoundPiece& target = to.pieces[box.destination_piece];
    moved.insert(to.leaves[target.leaf].tensor);
    Edge edge;
    edge.source = source.found[piece.stored];
    edge.destination = target.stored;
    edge.kind = box.kind;
    edge.copy = std::move(box.copy);
    if (edge.kind == EdgeKind::kCopy) covered[target.stored] += edge.copy.Count();
    edges->Add(std::move(edge), from.EntryOf(from.tensors[piece.stored]),
               to.EntryOf(to.tensors[target.stored]));
  }
  for (size_t i = 0; i < to.tensors.size(); ++i) {
    if (covered[i] == needed[i]) continue;
    diagnostics->Add(Code::kMissingKey, {},
                     fmt::format("{} is stored as a whole, and the adapter has only a part of it",
                                 to.tensors[i].key));
  }
  std::set<std::string> lost;
  for (const BoundPiece& piece : from.pieces) {
    const int tensor = from.leaves[piece.leaf].tensor;
    if (moved.count(tensor) == 0) lost.insert(rules.FullName(tensor) + " (saved as a whole)");
  }
  return {lost.begin(), lost.end()};
}

}  // namespace rr
