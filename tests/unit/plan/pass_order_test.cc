#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <tuple>

#include "plan/passes.h"

namespace rr {
namespace {

TEST_CASE("order: destination, copies before compares, position; whatever the order before") {
  std::vector<Edge> edges;
  for (uint32_t destination : {0u, 1u}) {
    for (EdgeKind kind : {EdgeKind::kCopy, EdgeKind::kCompare}) {
      for (int64_t start : {0, 7, 30}) {
        Edge edge;
        edge.destination = destination;
        edge.kind = kind;
        edge.copy.dst_start = start;
        edges.push_back(edge);
      }
    }
  }
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Graph graph;
    graph.edges = edges;
    std::shuffle(graph.edges.begin(), graph.edges.end(), std::mt19937(seed));
    OrderPass(&graph);
    for (size_t i = 0; i < edges.size(); ++i) {
      CHECK(graph.edges[i].destination == edges[i].destination);
      CHECK(graph.edges[i].kind == edges[i].kind);
      CHECK(graph.edges[i].copy.dst_start == edges[i].copy.dst_start);
    }
  }
}

}  // namespace
}  // namespace rr
