// Steps for one edge that write many runs instead of one block: a box of the edge is read with few
// runs and scattered.
//
// Enters: an edge of a destination that is too large for a buffer and whose reads would be
// scattered if it were written block by block (a transposed matrix, one layer of a stacked tensor).
// Leaves: the extents of a tile that balances runs on both sides, and the steps that cover the edge
// with such tiles.
#ifndef RULE_RUNNER_PLAN_TILES_H_
#define RULE_RUNNER_PLAN_TILES_H_

#include <cstdint>
#include <vector>

#include "plan/reads.h"

namespace rr {

// An edge in units with sorted dims, and the compares of exactly the same destination units.
struct TiledEdge {
  uint32_t destination = 0;
  StridedCopy copy;
  StepRead like;
  std::vector<std::pair<StridedCopy, StepRead>> compares;
};

struct TileContext {
  const std::vector<PlanTensor>* sources = nullptr;
  int64_t destination_unit = 1;
  int64_t budget = 1;  // destination units that a buffer holds; at least 1
  uint64_t buffer_bytes = 1;
};

// One extent per dim; the destination box of a tile fits the budget.
std::vector<int64_t> ChooseTile(const TiledEdge& edge, const TileContext& context);
// What all tiles of the edge cost together, as CostOf.
double TileCost(const TiledEdge& edge, const std::vector<int64_t>& tile,
                const TileContext& context);
void AppendTiles(const TiledEdge& edge, const std::vector<int64_t>& tile,
                 const TileContext& context, std::vector<Step>* steps);

// Steps that write zeros to the units between those of a box whose dims nest. False (and nothing
// appended) when they do not nest.
bool AppendHoles(const StridedCopy& box, uint32_t destination, int64_t budget,
                 std::vector<Step>* steps);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_TILES_H_
