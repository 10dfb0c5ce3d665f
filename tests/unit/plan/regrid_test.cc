#include "plan/regrid.h"

#include <doctest/doctest.h>

#include <set>
#include <utility>
#include <vector>

namespace rr {
namespace {

// Every (source position, destination position) of a box.
std::set<std::pair<int64_t, int64_t>> PairsOf(const StridedCopy& copy) {
  std::set<std::pair<int64_t, int64_t>> pairs{{copy.src_start, copy.dst_start}};
  for (const CopyDim& dim : copy.dims) {
    std::set<std::pair<int64_t, int64_t>> next;
    for (const auto& [s, d] : pairs) {
      for (int64_t i = 0; i < dim.n; ++i) next.insert({s + i * dim.src, d + i * dim.dst});
    }
    pairs = std::move(next);
  }
  return pairs;
}

// The cell of an element, by division of each of its indices.
int64_t CellOf(const Gridding& gridding, int64_t element) {
  std::vector<int64_t> index(gridding.shape.size()), cells(gridding.shape.size());
  for (size_t d = index.size(); d-- > 0;) {
    index[d] = element % gridding.shape[d] / gridding.block[d];
    cells[d] = (gridding.shape[d] + gridding.block[d] - 1) / gridding.block[d];
    element /= gridding.shape[d];
  }
  if (gridding.transposed) {
    std::swap(index.back(), index[index.size() - 2]);
    std::swap(cells.back(), cells[cells.size() - 2]);
  }
  int64_t cell = 0;
  for (size_t d = 0; d < index.size(); ++d) cell = cell * cells[d] + index[d];
  return cell;
}

void CheckGrid(const StridedCopy& copy, const Gridding& source, const Gridding& destination) {
  const auto grid = Regrid(copy, source, destination);
  REQUIRE(grid.has_value());
  std::set<std::pair<int64_t, int64_t>> cells;
  for (const auto& [s, d] : PairsOf(copy))
    cells.insert({CellOf(source, s), CellOf(destination, d)});
  CHECK(PairsOf(*grid) == cells);
  CHECK(grid->Count() == static_cast<int64_t>(cells.size()));
}

// Expert 1's up, [6, 10], into the second half of [3, 12, 10].
const StridedCopy kUp{{{6, 10, 10}, {10, 1, 1}}, 0, 180};

TEST_CASE("blocks that stay whole, the last ones short") {
  CheckGrid(kUp, {{6, 10}, {3, 4}}, {{3, 12, 10}, {1, 3, 4}});
  CheckGrid(kUp, {{6, 10}, {2, 10}}, {{3, 12, 10}, {1, 2, 10}});
  CheckGrid(kUp, {{6, 10}, {1, 2}}, {{3, 12, 10}, {1, 1, 2}});
  // 4 rows cut the sixth one off the end of `up`, where the half ends as well.
  CHECK(!Regrid(kUp, {{6, 10}, {4, 4}}, {{3, 12, 10}, {1, 4, 4}}));
  // `gate` ends in the middle of a block of the whole.
  const StridedCopy gate{{{6, 10, 10}, {10, 1, 1}}, 0, 120};
  CHECK(!Regrid(gate, {{6, 10}, {4, 4}}, {{3, 12, 10}, {1, 4, 4}}));
  CheckGrid({{{7, 10, 10}, {10, 1, 1}}, 0, 70}, {{7, 10}, {4, 4}}, {{3, 7, 10}, {1, 4, 4}});
}

TEST_CASE("one scale for a whole weight goes where the weight stays whole") {
  const StridedCopy down{{{10, 6, 6}, {6, 1, 1}}, 0, 60};
  CheckGrid(down, {{10, 6}, {10, 6}}, {{3, 10, 6}, {1, 10, 6}});
  CHECK(!Regrid(kUp, {{6, 10}, {6, 10}}, {{3, 12, 10}, {1, 12, 10}}));
}

TEST_CASE("dimensions that are exchanged take their blocks along") {
  // [6, 10] -> [3, 10, 12], as Automodel stores experts.
  const StridedCopy turned{{{6, 10, 1}, {10, 1, 12}}, 0, 126};
  CheckGrid(turned, {{6, 10}, {3, 3}}, {{3, 10, 12}, {1, 3, 3}});
  CHECK(!Regrid(turned, {{6, 10}, {1, 2}}, {{3, 10, 12}, {1, 1, 2}}));
  CHECK(!Regrid(turned, {{6, 10}, {2, 3}}, {{3, 10, 12}, {1, 2, 3}}));
}

TEST_CASE("heads step over whole blocks or cut them") {
  // (heads 4, 6 rows each) of [24, 5] -> grouped two by two with a gap: [36, 5].
  const StridedCopy heads{{{2, 60, 90}, {2, 30, 30}, {6, 5, 5}, {5, 1, 1}}, 0, 0};
  CheckGrid(heads, {{24, 5}, {6, 5}}, {{36, 5}, {6, 5}});
  CheckGrid(heads, {{24, 5}, {3, 2}}, {{36, 5}, {3, 2}});
  // A pair of heads is a block, and the second pair begins in the middle of one.
  CHECK(!Regrid(heads, {{24, 5}, {12, 5}}, {{36, 5}, {12, 5}}));
  CHECK(!Regrid(heads, {{24, 5}, {8, 5}}, {{36, 5}, {8, 5}}));
}

TEST_CASE("interleaved rows move one by one, and never in blocks") {
  // gate rows 0, 2, 4 .. of [14, 8].
  const StridedCopy even{{{7, 16, 8}, {8, 1, 1}}, 0, 0};
  CheckGrid(even, {{14, 8}, {1, 4}}, {{7, 8}, {1, 4}});
  CHECK(!Regrid(even, {{14, 8}, {2, 4}}, {{7, 8}, {2, 4}}));
}

TEST_CASE("a tensor that moves as a whole") {
  CheckGrid({{{70, 1, 1}}, 0, 0}, {{7, 10}, {4, 4}}, {{7, 10}, {4, 4}});
  CheckGrid({{{210, 1, 1}}, 0, 0}, {{3, 7, 10}, {1, 4, 1}, true}, {{3, 7, 10}, {1, 4, 1}, true});
}

TEST_CASE("codes that are stored with two dimensions exchanged") {
  // Values of [2, 3, 5], codes stored [2, 5, 3].
  CheckGrid({{{30, 1, 1}}, 0, 0}, {{2, 3, 5}, {1, 1, 1}, true}, {{2, 3, 5}, {1, 1, 1}, false});
  const StridedCopy turned{{{2, 15, 15}, {3, 5, 1}, {5, 1, 3}}, 0, 0};
  CheckGrid(turned, {{2, 3, 5}, {1, 1, 1}, true}, {{2, 5, 3}, {1, 1, 1}, false});
}

TEST_CASE("dimensions of one element") {
  CheckGrid({{{10, 1, 1}}, 0, 20}, {{1, 10}, {4, 4}}, {{3, 1, 10}, {1, 4, 4}});
  CheckGrid({{{7, 1, 1}}, 0, 14}, {{7, 1}, {4, 4}}, {{3, 7, 1}, {1, 4, 4}});
}

}  // namespace
}  // namespace rr
