#include <doctest/doctest.h>

#include "plan/passes.h"

namespace rr {
namespace {

struct Scaled {
  Graph graph;
  Diagnostics diagnostics;
};

Scaled Scale(Dtype dtype, StridedCopy copy) {
  Scaled scaled;
  scaled.graph.sources = {{"s", dtype, {64}}};
  scaled.graph.destinations = {{"d", dtype, {8, 8}}};
  Edge edge;
  edge.copy = std::move(copy);
  scaled.graph.edges = {edge};
  ScaleToUnits(&scaled.graph, &scaled.diagnostics);
  return scaled;
}

TEST_CASE("4-bit elements in whole bytes become bytes") {
  const Scaled scaled = Scale(Dtype::kF4, {{{4, 8, 16}, {8, 1, 1}}, 2, 8});
  CHECK(!scaled.diagnostics.HasErrors());
  CHECK(scaled.graph.destinations[0].dtype == Dtype::kU8);
  CHECK(scaled.graph.destinations[0].Count() == 32);
  REQUIRE(scaled.graph.edges.size() == 1);
  CHECK(scaled.graph.edges[0].copy.dims == std::vector<CopyDim>{{4, 4, 8}, {4, 1, 1}});
  CHECK(scaled.graph.edges[0].copy.src_start == 1);
  CHECK(scaled.graph.edges[0].copy.dst_start == 4);
}

TEST_CASE("runs of half bytes are whole when they follow one another") {
  const Scaled scaled = Scale(Dtype::kF4, {{{2, 3, 3}, {3, 1, 1}}, 0, 0});
  CHECK(!scaled.diagnostics.HasErrors());
  CHECK(scaled.graph.edges[0].copy.dims == std::vector<CopyDim>{{3, 1, 1}});
}

TEST_CASE("6-bit elements move in fours") {
  CHECK(!Scale(Dtype::kF6E2M3, {{{8, 1, 1}}, 4, 0}).diagnostics.HasErrors());
  CHECK(Scale(Dtype::kF6E2M3, {{{8, 1, 1}}, 2, 0}).diagnostics.HasErrors());
  CHECK(Scale(Dtype::kF6E3M2, {{{6, 1, 1}}, 0, 0}).diagnostics.HasErrors());
}

TEST_CASE("single 4-bit elements cannot move: RR509 names both tensors") {
  const Scaled scaled = Scale(Dtype::kF4, {{{8, 1, 8}, {8, 8, 1}}, 0, 0});
  REQUIRE(scaled.diagnostics.all().size() == 1);
  CHECK(scaled.diagnostics.all()[0].code == Code::kSubByteElements);
  CHECK(scaled.diagnostics.all()[0].message ==
        "`s` goes to `d` in runs that are no whole bytes: its F4 elements have 4 bits");
  CHECK(scaled.graph.edges.empty());
}

}  // namespace
}  // namespace rr
