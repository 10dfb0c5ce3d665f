#include "plan/edge_builder.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "plan/value_words.h"
#include "unit/rule_text.h"

namespace rr {
namespace {

const char* kRules =
    "axes: {H: h}\nlayouts: {a: {}, b: {}, c: {}}\n"
    "blocks: {n: {tensors: {w: H}, layouts: {a: {x: H}, b: {y: {is: H, add: 1}}, "
    "c: {z: {is: H, cast: BF16}}}}}\n";

// One edge for each source dtype into the same destination.
struct Scene {
  explicit Scene(std::vector<Dtype> dtypes, ConversionOptions wanted = {})
      : rules(GoodRules(kRules)),
        model(*rules, Config(), {}),
        options(wanted),
        builder(model, options, &graph, &diagnostics) {
    for (size_t i = 0; i < dtypes.size(); ++i)
      graph.sources.push_back({fmt::format("s{}", i), dtypes[i], {3}});
    graph.destinations = {{"d", Dtype::kF32, {3}}, {"other", Dtype::kF32, {3}}};
    builder.Reset();
  }
  Scene& Add(uint32_t source, const char* to = "a", double factor = 1, uint32_t destination = 0) {
    Edge edge;
    edge.source = source;
    edge.destination = destination;
    builder.Add(std::move(edge), rules->FindLayout("a")->entries[0],
                rules->FindLayout(to)->entries[0], factor);
    return *this;
  }
  // The destination's dtype, then each edge's value op.
  std::string Show() const {
    std::string out = std::string(NameOf(graph.destinations[0].dtype));
    for (const Edge& edge : graph.edges)
      out += edge.value_op < 0
                 ? " | plain"
                 : " | " + Describe(graph.value_ops[static_cast<size_t>(edge.value_op)]);
    return out;
  }
  std::string Found() const { return Findings(diagnostics); }

  std::shared_ptr<const CheckedRules> rules;
  Model model;
  ConversionOptions options;
  Graph graph;
  Diagnostics diagnostics;
  EdgeBuilder builder;
};

ConversionOptions Lossy() {
  ConversionOptions options;
  options.allow_lossy = true;
  return options;
}

TEST_CASE("the first edge gives the dtype, another one is refused once per destination") {
  Scene scene({Dtype::kBF16, Dtype::kF32, Dtype::kF16});
  scene.Add(0).Add(0).Add(1).Add(2);
  CHECK(scene.Show() == "BF16 | plain | plain");
  CHECK(scene.Found() == "RR505 `` d would hold BF16 and F32 (s1 is F32)");
  CHECK(scene.builder.good());
  // New destinations are untyped again.
  scene.graph.edges.clear();
  scene.builder.Reset();
  scene.Add(1);
  CHECK(scene.Show() == "F32 | plain");
}

TEST_CASE("a dtype that was given holds") {
  Scene scene({Dtype::kBF16});
  scene.builder.GiveDtype(0, Dtype::kF32);
  scene.builder.GiveDtype(0, Dtype::kF64);
  scene.Add(0);
  CHECK(scene.Found() == "RR505 `` d would hold F32 and BF16 (s0 is BF16)");
}

TEST_CASE("a factor that is a power of two is exact, another one rounds") {
  Scene exact({Dtype::kF32});
  exact.Add(0, "a", 0.25).Add(0, "a", -8);
  CHECK(exact.Found() == "");
  CHECK(exact.Show() == "F32 | multiply by 0.25 | multiply by -8");
  CHECK(exact.builder.Lossy() ==
        std::vector<std::string>{"multiply by -8: d", "multiply by 0.25: d"});
  Scene refused({Dtype::kF32});
  refused.Add(0, "a", 3).Add(0, "a", 3).Add(0, "a", 1.5);
  CHECK(refused.Found() ==
        "RR501 `` s0 would be stored by multiply by 3\nRR501 `` s0 would be stored by multiply by "
        "1.5");
  Scene allowed({Dtype::kF32}, Lossy());
  allowed.Add(0, "a", 3).Add(0, "a", 3, 1).Add(0, "a", 3);  // a destination is named once
  CHECK(allowed.Found() == "");
  CHECK(allowed.builder.Lossy() == std::vector<std::string>{"multiply by 3: d and other"});
  CHECK(allowed.graph.value_ops.size() == 1);  // one op for both
}

TEST_CASE("a factor comes after the words of the entries; F64 is multiplied in F64") {
  Scene scene({Dtype::kF32}, Lossy());
  scene.Add(0, "b", 3);
  REQUIRE(scene.graph.value_ops.size() == 1);
  const ValueOp& op = scene.graph.value_ops[0];
  REQUIRE(op.steps.size() == 2);
  CHECK(op.steps[0].kind == ValueStep::Kind::kAdd);
  CHECK(op.steps[1].kind == ValueStep::Kind::kMultiply);
  CHECK(op.steps[1].operand == 3);
  CHECK(op.steps[1].compute == Dtype::kF32);
  Scene wide({Dtype::kF64});
  wide.Add(0, "a", 0.5);
  CHECK(wide.graph.value_ops[0].steps[0].compute == Dtype::kF64);
}

TEST_CASE("whole numbers cannot be multiplied, but moved") {
  Scene scene({Dtype::kI8});
  scene.Add(0);
  CHECK(scene.Show() == "I8 | plain");
  scene.Add(0, "a", 2);
  CHECK(scene.Found() == "RR510 `` s0 is I8: its values cannot be changed");
}

TEST_CASE("casts: those of the options and of the rules") {
  ConversionOptions options = Lossy();
  options.dtype = Dtype::kF64;
  Scene wide({Dtype::kF32}, options);
  wide.Add(0);
  CHECK(wide.Show() == "F64 | cast F32 to F64");
  CHECK(wide.builder.Lossy().empty());
  Scene cast({Dtype::kF32}, options);
  cast.Add(0, "c");
  CHECK(cast.Show() == "BF16 | cast F32 to BF16");
  cast.Add(0, "c");  // another part of it
  CHECK(cast.builder.Lossy() == std::vector<std::string>{"cast F32 to BF16: d"});
}

}  // namespace
}  // namespace rr
