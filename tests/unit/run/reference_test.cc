#include "run/reference.h"

#include <doctest/doctest.h>

#include "memory_io.h"

namespace rr {
namespace {

TEST_CASE("4-bit elements move in whole bytes, and one by one") {
  // Elements 0..7, lowest bits first: 0x10 0x32 0x54 0x76.
  const Bytes source = {std::byte{0x10}, std::byte{0x32}, std::byte{0x54}, std::byte{0x76}};
  Graph graph;
  graph.sources = {{"s", Dtype::kF4, {2, 4}}};
  graph.destinations = {{"d", Dtype::kF4, {4, 2}}};
  Edge edge;
  edge.copy.dims = {{4, 1, 2}, {2, 4, 1}};
  graph.edges = {edge};
  const TestReader reader({source});
  TestWriter writer(graph.destinations);
  Diagnostics diagnostics;
  ExecuteReference(graph, reader, writer, &diagnostics);
  CHECK(writer.tensors()[0] ==
        Bytes{std::byte{0x40}, std::byte{0x51}, std::byte{0x62}, std::byte{0x73}});
}

TEST_CASE("compares come after copies, whatever the order of the edges") {
  Graph graph;
  graph.sources = {{"s", Dtype::kU8, {3}}};
  graph.destinations = {{"d", Dtype::kU8, {3}}};
  Edge copy;
  copy.copy.dims = {{3, 1, 1}};
  Edge compare = copy;
  compare.kind = EdgeKind::kCompare;
  graph.edges = {compare, copy};
  const TestReader reader({Bytes(3, std::byte{1})});
  TestWriter writer(graph.destinations);
  Diagnostics diagnostics;
  ExecuteReference(graph, reader, writer, &diagnostics);
  CHECK(!diagnostics.HasErrors());
  CHECK(writer.tensors() == reader.tensors());
}

}  // namespace
}  // namespace rr
