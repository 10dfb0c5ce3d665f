// Pieces of one logical tensor in two layouts, joined: which boxes of elements they share.
#ifndef RULE_RUNNER_PLAN_JOIN_H_
#define RULE_RUNNER_PLAN_JOIN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/bound_layout.h"
#include "plan/graph.h"

namespace rr {

struct JoinedBox {
  uint32_t source_piece = 0;  // indices into the pieces of the two layouts
  uint32_t destination_piece = 0;
  StridedCopy copy;
  EdgeKind kind = EdgeKind::kCopy;
};

// All boxes, in the order of the destination's pieces. RR506 where two factorizations of an axis do
// not nest.
std::vector<JoinedBox> Join(const BoundLayout& source, const BoundLayout& destination,
                            const CheckedRules& rules, Diagnostics* diagnostics);

// Digits of the same axis on both sides, cut where either is cut. False when the cuts do not nest.
bool CommonDigits(const std::vector<BoundLeaf::Digit>& source,
                  const std::vector<BoundLeaf::Digit>& destination, std::vector<CopyDim>* dims);
// The stored elements of a piece; both sides are positions in its tensor.
StridedCopy BoxOf(const BoundLeaf& leaf, const BoundPiece& piece);
// Where index `value` of an axis lies, by its digits.
int64_t PositionOf(const std::vector<BoundLeaf::Digit>& digits, int64_t value);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_JOIN_H_
