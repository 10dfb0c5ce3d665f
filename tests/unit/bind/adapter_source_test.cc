#include "bind/adapter_source.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "unit/bind/adapter_case.h"

namespace rr {
namespace {

// "experts.gate at layer 1, expert 2" -> "rank 6 alpha 12 scale 2".
std::string FactsOf(const AdapterCase& made, const std::string& slice_name) {
  REQUIRE(made.adapter.has_value());
  for (const auto& [slice, facts] : made.adapter->facts) {
    if (SliceName(*made.rules, slice) != slice_name) continue;
    const auto scale = made.adapter->ScaleOf(slice);
    return fmt::format("rank {} alpha {} scale {}", facts.rank,
                       facts.alpha ? fmt::format("{}", *facts.alpha) : "?",
                       scale ? fmt::format("{}", *scale) : "?");
  }
  return "none";
}

TEST_CASE("rank and alpha of every module, by the names of its weights") {
  Tensors tensors = ExpertPairs(false);
  PutPair(&tensors, LayerKey(0) + "q", kTagQ, 0, 0, 8, kHidden, kQ);
  PutPair(&tensors, LayerKey(1) + "q", kTagQ, 1, 0, 9, kHidden, kQ);
  Value::Map config = RankConfig(6, 12);
  config.push_back({"rank_pattern", Value::Map{{"layers.0.q", 8}, {"q", 9}}});
  config.push_back({"alpha_pattern", Value::Map{{"experts.2.up", 3}}});
  const AdapterCase made = BindAdapter("pair", tensors, config);
  REQUIRE(made.findings == "");
  CHECK(made.adapter->facts.size() == 11);
  CHECK(FactsOf(made, "experts.gate at layer 1, expert 2") == "rank 6 alpha 12 scale 2");
  CHECK(FactsOf(made, "experts.up at layer 1, expert 2") == "rank 6 alpha 3 scale 0.5");
  CHECK(FactsOf(made, "attention.q at layer 0") == "rank 8 alpha 12 scale 1.5");
  CHECK(FactsOf(made, "attention.q at layer 1").starts_with("rank 9 alpha 12 scale 1.33"));
  CHECK(FactsOf(made, "attention.v at layer 1") == "none");
}

TEST_CASE("without a config the ranks are known, alpha and scale are not") {
  const AdapterCase made = BindAdapter("pair", ExpertPairs(false), std::nullopt);
  REQUIRE(made.findings == "");
  CHECK(FactsOf(made, "experts.down at layer 1, expert 0") == "rank 6 alpha ? scale ?");
  const AdapterCase rslora = BindAdapter(
      "pair", ExpertPairs(false), Value::Map{{"r", 6}, {"lora_alpha", 3}, {"use_rslora", true}});
  CHECK(rslora.adapter->ScaleOf(rslora.adapter->facts.begin()->first) == 3 / std::sqrt(6.0));
}

TEST_CASE("a factor whose shape needs a size that nobody knows is not taken as absent") {
  const RulesOf rules = GoodAdapters(R"(
axes: {L: num_layers, H: hidden, G: groups, D: {is: head, default: 5}}
layouts: {split: {place: {L: "layers.{L}."}}}
blocks: {attention: {tensors: {q: "L : G D <- H"}, layouts: {split: {"{L}q.weight": "q[(G D) H]"}}}}
)",
                                     R"(
rule-runner: 1
styles:
  pair:
    base: split
    modules: [{of: '(.*)\.weight', keys: {'\1.lora_A.weight': R IN, '\1.lora_B.weight': OUT R}}]
)");
  const KeyTable table = MakeKeyTable({{"layers.0.q.lora_A.weight", {{8, 7}}, Dtype::kF32},
                                       {"layers.0.q.lora_B.weight", {{12, 8}}, Dtype::kF32}});
  const auto findings = [&](Value::Map config) {
    Diagnostics diagnostics;
    const auto source = BindSource(*rules, *rules->FindLayout("pair"),
                                   Config(Value(std::move(config))), {}, table, {}, &diagnostics);
    REQUIRE(source.has_value());
    ReadAdapterSource(*source, {}, {}, &diagnostics);
    return Findings(diagnostics);
  };
  CHECK(findings({{"num_layers", 1}, {"hidden", 7}, {"head", 4}}) == "");
  // By default a head has 5, of which 12 has no whole number.
  CHECK(findings({{"num_layers", 1}, {"hidden", 7}})
            .find("the shape of layers.0.q.lora_B.weight needs G, which is unknown") !=
        std::string::npos);
}

TEST_CASE("ranks that the config contradicts, with the experts that are folded into them") {
  CHECK(BindAdapter("pair", ExpertPairs(false), RankConfig(4, 4))
            .findings.starts_with(
                "RR423 `` base_model.model.model.layers.1.experts.0.gate.lora_B.weight has rank 6, "
                "but adapter_config.json gives model.layers.1.experts.0.gate rank 4\n"));
  Tensors folded;
  folded[LayerKey(0) + "experts.down.lora_A.weight"] = {{18, 5}, std::vector<double>(90)};
  folded[LayerKey(0) + "experts.down.lora_B.weight"] = {{7, 18}, std::vector<double>(126)};
  CHECK(
      BindAdapter("folded", folded, RankConfig(18, 4)).findings ==
      "RR423 `` base_model.model.model.layers.0.experts.down.lora_B.weight has rank 6 (18 = E 3 x "
      "rank 6), but adapter_config.json gives model.layers.0.experts.down rank 18");
  // More than five are counted.
  CHECK(
      BindAdapter("pair", ExpertPairs(false), RankConfig(4, 4))
          .findings.ends_with("\nRR423 `` 4 more modules have another rank than the config says"));
  // A style whose trainer's rank is a setting of its own does not mind.
  Tensors stacked;
  stacked["stack.q.lora_a"] = {{2, 7, 6}, std::vector<double>(84)};
  stacked["stack.q.lora_b"] = {{2, 6, 11}, std::vector<double>(132)};
  const AdapterCase made = BindAdapter("stacked", stacked, RankConfig(4, 12));
  CHECK(made.findings == "");
  CHECK(FactsOf(made, "attention.q at layer 1") == "rank 6 alpha 12 scale 2");
}

TEST_CASE("a factor without its partner") {
  Tensors tensors = ExpertPairs(false);
  tensors.erase(ExpertKey(1, 2, "up") + ".lora_B.weight");
  tensors.erase(ExpertKey(1, 0, "down") + ".lora_A.weight");
  CHECK(BindAdapter("pair", tensors, RankConfig(6, 6)).findings ==
        "RR402 `` factors lack their partner: experts.up at layer 1, expert 2 has A but no B and "
        "experts.down at layer 1, expert 0 has B but no A");
}

TEST_CASE("a bias of B or a magnitude without A and B") {
  Tensors bias;
  bias[LayerKey(0) + "q.lora_B.bias"] = {{kQ}, std::vector<double>(kQ)};
  bias[LayerKey(1) + "v.lora_magnitude_vector"] = {{kV}, std::vector<double>(kV)};
  CHECK(BindAdapter("pair", bias, RankConfig(6, 6)).findings ==
        "RR402 `` factors lack their partner: attention.q at layer 0 has a bias but no A and B and "
        "attention.v at layer 1 has a magnitude but no A and B");
}

TEST_CASE("partners of different ranks") {
  Tensors tensors;
  PutPair(&tensors, LayerKey(0) + "q", kTagQ, 0, 0, 6, kHidden, kQ);
  tensors[LayerKey(0) + "q.lora_B.weight"] = {{kQ, 8}, std::vector<double>(8 * kQ)};
  CHECK(BindAdapter("pair", tensors, RankConfig(6, 6)).findings ==
        "RR403 `` attention.q at layer 0 has rank 6 in "
        "base_model.model.model.layers.0.q.lora_A.weight and 8 in "
        "base_model.model.model.layers.0.q.lora_B.weight");
}

TEST_CASE("an expert that is missing is named; a layer may be without") {
  Tensors tensors = ExpertPairs(false);
  for (const char* factor : {".lora_A.weight", ".lora_B.weight"}) {
    tensors.erase(ExpertKey(1, 1, "gate") + factor);
    tensors.erase(ExpertKey(1, 2, "down") + factor);
  }
  CHECK(BindAdapter("pair", tensors, RankConfig(6, 6)).findings ==
        "RR402 `` the adapter has no factors for 2 experts: experts.gate at layer 1, expert 1 and "
        "experts.down at layer 1, expert 2");
  AdapterSourceOptions fill;
  fill.fill_zero = true;
  const AdapterCase filled = BindAdapter("pair", tensors, RankConfig(6, 6), fill);
  CHECK(filled.findings == "");
  CHECK(filled.adapter->facts.size() == 7);
}

TEST_CASE("DoRA: all or none, and some where the config says so") {
  Tensors tensors;
  PutPair(&tensors, LayerKey(0) + "q", kTagQ, 0, 0, 6, kHidden, kQ);
  PutPair(&tensors, LayerKey(0) + "v", kTagV, 0, 0, 6, kHidden, kV);
  Value::Map config = RankConfig(6, 6);
  config.push_back({"use_dora", true});
  CHECK(BindAdapter("pair", tensors, config).findings ==
        "RR402 `` adapter_config.json has use_dora, but the file has no magnitudes "
        "(lora_magnitude_vector): the writer dropped them");
  tensors[LayerKey(0) + "q.lora_magnitude_vector"] = {{kQ}, std::vector<double>(kQ)};
  CHECK(BindAdapter("pair", tensors, config).findings ==
        "RR402 `` attention.v at layer 0 has no DoRA magnitude, others have one");
  tensors[LayerKey(0) + "v.lora_magnitude_vector"] = {{kV}, std::vector<double>(kV)};
  CHECK(BindAdapter("pair", tensors, config).findings == "");
}

}  // namespace
}  // namespace rr
