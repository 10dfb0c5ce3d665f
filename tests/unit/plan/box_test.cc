#include "plan/box.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <utility>

namespace rr {
namespace {

// All (source, destination) pairs of a box, sorted.
std::vector<std::pair<int64_t, int64_t>> PairsOf(const StridedCopy& copy) {
  std::vector<std::pair<int64_t, int64_t>> pairs;
  for (int64_t i = 0; i < copy.Count(); ++i) {
    int64_t rest = i, src = copy.src_start, dst = copy.dst_start;
    for (const CopyDim& dim : copy.dims) {
      src += rest % dim.n * dim.src;
      dst += rest % dim.n * dim.dst;
      rest /= dim.n;
    }
    pairs.emplace_back(src, dst);
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

TEST_CASE("an interval reaches from the first to the last unit of a box") {
  const StridedCopy copy{{{3, 10, 1}, {2, 1, 20}}, 5, 7};
  CHECK(SourceInterval(copy).lo == 5);
  CHECK(SourceInterval(copy).hi == 5 + 20 + 1 + 1);
  CHECK(DestinationInterval(copy).lo == 7);
  CHECK(DestinationInterval(copy).hi == 7 + 2 + 20 + 1);
  CHECK(DestinationInterval({{{0, 1, 1}}, 5, 7}).size() == 0);
}

TEST_CASE("clipping a nested box gives exactly the units inside, in at most 2 * rank - 1 parts") {
  const StridedCopy copy{{{4, 1, 40}, {3, 100, 10}, {5, 7, 2}}, 3, 11};
  for (int64_t lo = 0; lo < 190; lo += 3) {
    for (int64_t hi = lo; hi < 190; hi += 5) {
      std::vector<StridedCopy> parts;
      ClipDestination(copy, {lo, hi}, &parts);
      CHECK(parts.size() <= 5);
      std::vector<std::pair<int64_t, int64_t>> got, want;
      for (const StridedCopy& part : parts) {
        const auto pairs = PairsOf(part);
        got.insert(got.end(), pairs.begin(), pairs.end());
      }
      for (const auto& pair : PairsOf(copy)) {
        if (pair.second >= lo && pair.second < hi) want.push_back(pair);
      }
      std::sort(got.begin(), got.end());
      CHECK(got == want);
    }
  }
}

TEST_CASE("clipping works on dims that do not nest, and on stride 0") {
  for (const StridedCopy& copy :
       {StridedCopy{{{2, 1, 3}, {3, 2, 2}}, 0, 0}, StridedCopy{{{3, 1, 2}, {2, 9, 0}}, 0, 1}}) {
    for (int64_t lo = 0; lo < 9; ++lo) {
      std::vector<StridedCopy> parts;
      ClipDestination(copy, {lo, lo + 3}, &parts);
      int64_t count = 0, want = 0;
      for (const StridedCopy& part : parts) count += part.Count();
      for (const auto& pair : PairsOf(copy))
        want += pair.second >= lo && pair.second < lo + 3 ? 1 : 0;
      CHECK(count == want);
    }
  }
}

TEST_CASE("fused dims say the same in fewer words") {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    StridedCopy copy;
    int64_t src = 1, dst = 1;
    for (int d = 0; d < 4; ++d) {
      const int64_t n = 1 + static_cast<int64_t>(random() % 3);
      copy.dims.push_back({n, src, dst});
      src *= n * (random() % 4 == 0 ? 2 : 1);
      dst *= n * (random() % 4 == 0 ? 3 : 1);
    }
    std::shuffle(copy.dims.begin(), copy.dims.end(), random);
    StridedCopy fused = copy;
    FuseDims(&fused);
    CHECK(PairsOf(fused) == PairsOf(copy));
    CHECK(std::is_sorted(fused.dims.begin(), fused.dims.end(),
                         [](const CopyDim& a, const CopyDim& b) { return a.dst > b.dst; }));
  }
}

TEST_CASE("a packed region holds its runs one after the other") {
  const std::vector<RunDim> dims = {{3, 100}, {4, 10}, {5, 1}};
  CHECK(DenseOuter(dims) == 2);
  CHECK(DenseOuter({{3, 10}, {2, 5}, {5, 1}}) == 0);
  const PackedRegion dense = PackBox(7, dims, 2);
  CHECK(dense.region.start == 7);
  CHECK(dense.region.run == 5);
  CHECK(dense.region.Count() == 60);
  CHECK(dense.strides == std::vector<int64_t>{20, 5, 1});
  const PackedRegion spanned = PackBox(7, dims, 1);
  CHECK(spanned.region.run == 35);
  CHECK(spanned.region.RunCount() == 3);
  CHECK(spanned.strides == std::vector<int64_t>{35, 10, 1});
}

}  // namespace
}  // namespace rr
