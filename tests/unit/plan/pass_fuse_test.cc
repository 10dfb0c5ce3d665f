#include <doctest/doctest.h>

#include "plan/passes.h"

namespace rr {
namespace {

Graph WithEdge(std::vector<CopyDim> dims) {
  Graph graph;
  graph.sources = {{"s", Dtype::kU8, {1 << 20}}};
  graph.destinations = {{"d", Dtype::kU8, {1 << 20}}};
  Edge edge;
  edge.copy.dims = std::move(dims);
  graph.edges = {edge};
  FusePass(&graph);
  return graph;
}

TEST_CASE("fuse") {
  struct Case {
    const char* what;
    std::vector<CopyDim> in, out;
  };
  const Case cases[] = {
      {"contiguous dims become one run", {{2, 12, 12}, {3, 4, 4}, {4, 1, 1}}, {{24, 1, 1}}},
      {"in any order", {{4, 1, 1}, {2, 12, 12}, {3, 4, 4}}, {{24, 1, 1}}},
      {"a transpose stays", {{3, 1, 5}, {5, 3, 1}}, {{3, 1, 5}, {5, 3, 1}}},
      {"a transpose of rows of 4",
       {{3, 4, 20}, {5, 12, 4}, {4, 1, 1}},
       {{3, 4, 20}, {5, 12, 4}, {4, 1, 1}}},
      {"size 1 says nothing", {{1, 7, 9}, {6, 1, 1}, {1, 0, 0}}, {{6, 1, 1}}},
      {"repeated elements merge too", {{2, 0, 3}, {3, 0, 1}}, {{6, 0, 1}}},
      {"a row repeated does not", {{2, 0, 3}, {3, 1, 1}}, {{2, 0, 3}, {3, 1, 1}}},
      {"a single element has no dims", {{1, 5, 5}}, {}},
      {"padded rows stay rows", {{2, 8, 9}, {8, 1, 1}}, {{2, 8, 9}, {8, 1, 1}}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const Graph graph = WithEdge(c.in);
    REQUIRE(graph.edges.size() == 1);
    CHECK(graph.edges[0].copy.dims == c.out);
  }
}

TEST_CASE("fuse drops edges that move nothing") {
  CHECK(WithEdge({{3, 1, 1}, {0, 3, 3}}).edges.empty());
}

}  // namespace
}  // namespace rr
