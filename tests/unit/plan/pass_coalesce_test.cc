#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "plan/passes.h"

namespace rr {
namespace {

Edge EdgeAt(int64_t src, int64_t dst, std::vector<CopyDim> dims) {
  Edge edge;
  edge.copy = {std::move(dims), src, dst};
  return edge;
}

Graph Coalesced(std::vector<Edge> edges) {
  Graph graph;
  graph.edges = std::move(edges);
  CoalescePass(&graph);
  return graph;
}

TEST_CASE("experts of a layer that move together become one run") {
  std::vector<Edge> edges;
  for (int64_t e = 0; e < 128; ++e) edges.push_back(EdgeAt(100 + e * 6, 500 + e * 6, {{6, 1, 1}}));
  const Graph graph = Coalesced(edges);
  REQUIRE(graph.edges.size() == 1);
  CHECK(graph.edges[0].copy.dims == std::vector<CopyDim>{{128 * 6, 1, 1}});
  CHECK(graph.edges[0].copy.src_start == 100);
  CHECK(graph.edges[0].copy.dst_start == 500);
}

TEST_CASE("layers x experts in another order become one edge of three dims") {
  std::vector<Edge> edges;
  for (int64_t l = 0; l < 48; ++l) {
    for (int64_t e = 0; e < 128; ++e) {
      edges.push_back(EdgeAt((l * 128 + e) * 10, (e * 48 + l) * 10, {{10, 1, 1}}));
    }
  }
  std::shuffle(edges.begin(), edges.end(), std::mt19937(3));
  const Graph graph = Coalesced(edges);
  REQUIRE(graph.edges.size() == 1);
  CHECK(graph.edges[0].copy.dims ==
        std::vector<CopyDim>{{128, 10, 480}, {48, 1280, 10}, {10, 1, 1}});
}

TEST_CASE("parts of different sizes that keep their places become one run") {
  // q, k and v of 3 groups, fused on both sides in the same way.
  std::vector<Edge> edges = {EdgeAt(0, 0, {{3, 10, 10}, {6, 1, 1}}),
                             EdgeAt(6, 6, {{3, 10, 10}, {2, 1, 1}}),
                             EdgeAt(8, 8, {{3, 10, 10}, {2, 1, 1}})};
  const Graph graph = Coalesced(edges);
  REQUIRE(graph.edges.size() == 1);
  CHECK(graph.edges[0].copy.dims == std::vector<CopyDim>{{30, 1, 1}});
}

TEST_CASE("alternating elements become an inner dim") {
  const Graph graph = Coalesced({EdgeAt(0, 0, {{5, 1, 2}}), EdgeAt(5, 1, {{5, 1, 2}})});
  REQUIRE(graph.edges.size() == 1);
  CHECK(graph.edges[0].copy.dims == std::vector<CopyDim>{{5, 1, 2}, {2, 5, 1}});
}

TEST_CASE("one source for many places is a dim of source stride 0") {
  const Graph graph = Coalesced({EdgeAt(4, 0, {{3, 1, 1}}), EdgeAt(4, 3, {{3, 1, 1}})});
  REQUIRE(graph.edges.size() == 1);
  CHECK(graph.edges[0].copy.dims == std::vector<CopyDim>{{2, 0, 3}, {3, 1, 1}});
}

TEST_CASE("what differs in tensor, value op or kind, or goes backwards, stays apart") {
  Edge other_source = EdgeAt(6, 6, {{6, 1, 1}}), other_op = other_source, compare = other_source;
  other_source.source = 1;
  other_op.value_op = 0;
  compare.kind = EdgeKind::kCompare;
  for (const Edge& other : {other_source, other_op, compare}) {
    CHECK(Coalesced({EdgeAt(0, 0, {{6, 1, 1}}), other}).edges.size() == 2);
  }
  CHECK(Coalesced({EdgeAt(6, 0, {{6, 1, 1}}), EdgeAt(0, 6, {{6, 1, 1}})}).edges.size() == 2);
}

TEST_CASE("a million edges are no problem") {
  std::vector<Edge> edges;
  for (int64_t i = 0; i < 1'000'000; ++i)
    edges.push_back(EdgeAt(i % 1000 * 3000, i * 3, {{2, 1, 1}}));
  const auto start = std::chrono::steady_clock::now();
  Coalesced(edges);
  // Some seconds under sanitizers; anything quadratic would take hours.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(60));
}

}  // namespace
}  // namespace rr
