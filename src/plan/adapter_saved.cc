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

void MoveSaved(const BoundSource& source, const BoundLayout& destination, EdgeBuilder* edges,
               Diagnostics* diagnostics) {
  const CheckedRules& rules = source.model->rules();
  const BoundLayout from = OnlySaved(source.layout, rules), to = OnlySaved(destination, rules);
  for (JoinedBox& box : Join(from, to, rules, diagnostics)) {
    const BoundPiece& piece = from.pieces[box.source_piece];
    const BoundPiece& target = to.pieces[box.destination_piece];
    Edge edge;
    edge.source = source.found[piece.stored];
    edge.destination = target.stored;
    edge.kind = box.kind;
    edge.copy = std::move(box.copy);
    edges->Add(std::move(edge), from.EntryOf(from.tensors[piece.stored]),
               to.EntryOf(to.tensors[target.stored]));
  }
}

std::vector<std::string> LostSaved(const BoundSource& source, const BoundLayout& destination) {
  const CheckedRules& rules = source.model->rules();
  const BoundLayout from = OnlySaved(source.layout, rules), to = OnlySaved(destination, rules);
  std::set<int> kept;
  for (const BoundPiece& piece : to.pieces) kept.insert(to.leaves[piece.leaf].tensor);
  std::set<std::string> lost;
  for (const BoundPiece& piece : from.pieces) {
    const int tensor = from.leaves[piece.leaf].tensor;
    if (kept.count(tensor) == 0) lost.insert(rules.FullName(tensor) + " (saved as a whole)");
  }
  return {lost.begin(), lost.end()};
}

void CheckSavedWhole(const BoundSource& source, const BoundLayout& destination,
                     Diagnostics* diagnostics) {
  const CheckedRules& rules = source.model->rules();
  const BoundLayout from = OnlySaved(source.layout, rules), to = OnlySaved(destination, rules);
  std::vector<int64_t> covered(to.tensors.size(), 0), needed(to.tensors.size(), 0);
  for (const BoundPiece& piece : to.pieces) needed[piece.stored] += to.CountOf(piece);
  for (const JoinedBox& box : Join(from, to, rules, diagnostics)) {
    if (box.kind == EdgeKind::kCopy)
      covered[to.pieces[box.destination_piece].stored] += box.copy.Count();
  }
  for (size_t i = 0; i < to.tensors.size(); ++i) {
    if (covered[i] == 0 || covered[i] == needed[i]) continue;
    diagnostics
        ->Add(Code::kMissingKey, {},
              fmt::format("{} is stored as a whole, and the adapter has only a part of it",
                          to.tensors[i].key))
        .help =
        "`merge` takes the rest from the base; a layout that stores the parts apart needs "
        "none";
  }
}

}  // namespace rr
