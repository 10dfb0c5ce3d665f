#include "bind/ranks.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "unit/toy_adapters.h"

namespace rr {
namespace {

using Shapes = std::vector<std::pair<std::string, std::vector<int64_t>>>;

struct Solved {
  std::map<std::string, int64_t> ranks;
  std::vector<int> variants;
  std::string findings;
};

Solved Solve(const std::string& layout_name, const Shapes& shapes, Value::Map config) {
  static const RulesOf rules = GoodAdapters();
  const CheckedLayout& layout = *rules->FindLayout(layout_name);
  const KeyTable table = KeysOf(shapes);
  const Model model(*rules, Config(Value(std::move(config))), {});
  LayoutMatch match = MatchKeys(layout, table);
  Solved solved;
  ChooseVariantsByShape(layout, table, model, &match);
  Diagnostics diagnostics;
  solved.ranks = SolveRanks(layout, match, table, model, &diagnostics);
  solved.variants = match.choice.variants;
  solved.findings = Findings(diagnostics);
  return solved;
}

const std::string kPrefix = "base_model.model.model.layers.0.";

TEST_CASE("every factor has a rank of its own; folded ranks are divided by the experts") {
  const Solved solved = Solve("folded",
                              {{kPrefix + "experts.gate_up.lora_A.weight", {18, 7}},
                               {kPrefix + "experts.gate_up.lora_B.weight", {10, 18}},
                               {kPrefix + "qv.lora_A.weight", {8, 7}},
                               {kPrefix + "qv.lora_B.weight", {15, 8}},
                               {kPrefix + "norm.weight", {7}}},
                              ToyConfig());
  CHECK(solved.findings == "");
  CHECK(solved.ranks ==
        std::map<std::string, int64_t>{{kPrefix + "experts.gate_up.lora_A.weight", 6},
                                       {kPrefix + "experts.gate_up.lora_B.weight", 6},
                                       {kPrefix + "qv.lora_A.weight", 8},
                                       {kPrefix + "qv.lora_B.weight", 8}});
}

TEST_CASE("a shape without a whole rank, with what the sizes come from") {
  const Solved solved =
      Solve("folded", {{kPrefix + "experts.gate_up.lora_A.weight", {16, 7}}}, ToyConfig());
  CHECK(solved.findings ==
        "RR403 `{p}\\1.lora_A.weight` " + kPrefix +
            "experts.gate_up.lora_A.weight is [16, 7], which is no [E*R, H] with a whole rank R");
  // A size that nothing gives, and another number of dimensions.
  CHECK(Solve("folded", {{kPrefix + "experts.gate_up.lora_A.weight", {18, 7}}}, {})
            .findings.starts_with("RR403"));
  CHECK(Solve("pair", {{kPrefix + "q.lora_A.weight", {1, 6, 7}}}, ToyConfig())
            .findings.starts_with("RR403"));
}

TEST_CASE("no more than three findings; a key without a shape has any rank") {
  Shapes many;
  for (const char* name : {"q", "v"}) {
    for (const char* layer : {"0.", "1."})
      many.push_back(
          {fmt::format("base_model.model.model.layers.{}{}.lora_A.weight", layer, name), {7}});
  }
  const Solved solved = Solve("pair", many, ToyConfig());
  CHECK(std::count(solved.findings.begin(), solved.findings.end(), '\n') == 2);
  const RulesOf rules = GoodAdapters();
  const KeyTable table = MakeKeyTable({{kPrefix + "q.lora_A.weight", {}, {}}});
  const CheckedLayout& layout = *rules->FindLayout("pair");
  Diagnostics diagnostics;
  CHECK(SolveRanks(layout, MatchKeys(layout, table), table, Model(*rules, Config(), {}),
                   &diagnostics) ==
        std::map<std::string, int64_t>{{kPrefix + "q.lora_A.weight", 1}});
  CHECK(Findings(diagnostics) == "");
}

TEST_CASE("the rank of a shape: factor and constant of the extent that holds it") {
  const RulesOf rules = GoodAdapters();
  const Model model(*rules, Config(Value(ToyConfig())), {});
  const CheckedEntry& a = rules->FindLayout("folded")->entries[0];  // (E R) H
  CHECK(RankOfShape(a, {18, 7}, model) == 6);
  CHECK(RankOfShape(a, {0, 7}, model) == 0);
  CHECK_FALSE(RankOfShape(a, {17, 7}, model).has_value());
  CHECK_FALSE(RankOfShape(a, {18}, model).has_value());
  const Model unknown(*rules, Config(), {});
  CHECK_FALSE(RankOfShape(a, {18, 7}, unknown).has_value());
}

// The keys of a lone wrapper do not say which parameter it wraps, its shapes do.
TEST_CASE("of alternatives that know the same keys, the one that the shapes allow") {
  const char* family =
      "axes: {E: e, I: i, H: h}\nlayouts: {fused: {}}\n"
      "blocks: {x: {tensors: {up: 'E : I <- H', down: 'E : H <- I'}, layouts: {fused: "
      "{x.up: 'up[E I H]', x.down: 'down[E H I]'}}}}\n";
  const char* styles =
      "rule-runner: 1\nstyles:\n  s:\n    base: fused\n    one of:\n"
      "      both:\n"
      "        - {of: x.up, keys: {x.base.A: (E R) IN, x.base.B: OUT (R E)}}\n"
      "        - {of: x.down, keys: {x.A: (E R) IN, x.B: OUT (R E)}}\n"
      "      only up:\n"
      "        - {of: x.up, keys: {x.A: (E R) IN, x.B: OUT (R E)}}\n";
  const RulesOf rules = GoodAdapters(family, styles);
  const CheckedLayout& layout = *rules->FindLayout("s");
  const Model model(*rules, Config(Value(Value::Map{{"e", 3}, {"i", 5}, {"h", 7}})), {});
  const auto chosen = [&](const Shapes& shapes) {
    const KeyTable table = KeysOf(shapes);
    LayoutMatch match = MatchKeys(layout, table);
    ChooseVariantsByShape(layout, table, model, &match);
    return match.choice.variants[0];
  };
  CHECK(chosen({{"x.A", {18, 5}}, {"x.B", {7, 18}}}) == 0);  // down
  CHECK(chosen({{"x.A", {18, 7}}, {"x.B", {5, 18}}}) == 1);  // up
  CHECK(
      chosen({{"x.A", {18, 5}}, {"x.B", {7, 18}}, {"x.base.A", {12, 7}}, {"x.base.B", {5, 12}}}) ==
      0);
}

}  // namespace
}  // namespace rr
