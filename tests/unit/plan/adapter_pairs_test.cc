#include "plan/adapter_pairs.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/plan/converted_adapter.h"

namespace rr {
namespace {

// Pairs of q and v in layer 1, and with them two magnitudes, a bias of B and three whole weights.
Tensors MoreThanPairs() {
  Tensors tensors;
  PutPair(&tensors, LayerKey(1) + "q", kTagQ, 1, 0, 8, kHidden, kQ);
  PutPair(&tensors, LayerKey(1) + "v", kTagV, 1, 0, 8, kHidden, kV);
  const auto whole = [](int64_t n) {
    return Tensor{{n}, std::vector<double>(static_cast<size_t>(n), 3), Dtype::kF32};
  };
  tensors[LayerKey(1) + "q.lora_magnitude_vector"] = whole(kQ);
  tensors[LayerKey(1) + "v.lora_magnitude_vector"] = whole(kV);
  tensors[LayerKey(1) + "v.lora_B.bias"] = whole(kV);
  tensors[LayerKey(0) + "norm.weight"] = whole(kHidden);
  tensors[LayerKey(1) + "norm.weight"] = whole(kHidden);
  tensors[LayerKey(0) + "v.weight"] =
      Matrix(kV, kHidden, [](int64_t r, int64_t c) { return Code(9, 0, 0, r, c); });
  return tensors;
}

LoaderNeeds OnlyPairs() {
  LoaderNeeds needs;
  needs.only_pairs = PairsLoader{"server@2", {}};
  return needs;
}

TEST_CASE("what an adapter has besides A and B: counted by kind, in the order of the layout") {
  const AdapterCase made = BindAdapter("pair", MoreThanPairs(), RankConfig(8, 8));
  REQUIRE(made.findings == "");
  const BeyondPairs beyond = BeyondPairsOf(made.source->layout, *made.rules);
  CHECK(beyond.kinds ==
        "2 DoRA magnitudes, 1 bias of B (lora_bias) and 3 weights saved as a whole "
        "(modules_to_save)");
  CHECK_FALSE(beyond.wrapped);
  CHECK(beyond.keys == std::vector<std::string>{
                           LayerKey(1) + "q.lora_magnitude_vector", LayerKey(1) + "v.lora_B.bias",
                           LayerKey(0) + "v.weight", LayerKey(1) + "v.lora_magnitude_vector",
                           LayerKey(0) + "norm.weight", LayerKey(1) + "norm.weight"});
  Tensors pairs;
  PutPair(&pairs, LayerKey(1) + "q", kTagQ, 1, 0, 8, kHidden, kQ);
  const AdapterCase plain = BindAdapter("pair", pairs, RankConfig(8, 8));
  CHECK(BeyondPairsOf(plain.source->layout, *plain.rules).kinds == "");
}

TEST_CASE("a loader of pairs: refused with the keys, left out when that is allowed") {
  const Tensors all = MoreThanPairs();
  CHECK(ConvertAdapter(BindAdapter("pair", all, RankConfig(8, 8)), "pair", {}, OnlyPairs())
            .findings ==
        "RR502 `` `server@2` takes only A and B of modules, and the adapter has 2 DoRA magnitudes, "
        "1 bias of B (lora_bias) and 3 weights saved as a whole (modules_to_save): "
        "base_model.model.model.layers.1.q.lora_magnitude_vector, "
        "base_model.model.model.layers.1.v.lora_B.bias, "
        "base_model.model.model.layers.0.v.weight and 3 more");
  ConversionOptions partial;
  partial.allow_partial = true;
  const ConvertedAdapter cut =
      ConvertAdapter(BindAdapter("pair", all, RankConfig(8, 8)), "pair", partial, OnlyPairs());
  REQUIRE(cut.findings == "");
  Tensors pairs;
  PutPair(&pairs, LayerKey(1) + "q", kTagQ, 1, 0, 8, kHidden, kQ);
  PutPair(&pairs, LayerKey(1) + "v", kTagV, 1, 0, 8, kHidden, kV);
  CHECK(cut.tensors == pairs);
  CHECK(cut.conversion->conversion.left_out ==
        std::vector<std::string>{"attention.q (its DoRA magnitude)",
                                 "attention.v (its DoRA magnitude)",
                                 "attention.v (the bias of its B)",
                                 "attention.v (saved as a whole)", "norm.n (saved as a whole)"});
  // The config speaks of what is written.
  CHECK_FALSE(cut.conversion->use_dora);
  CHECK_FALSE(cut.conversion->lora_bias);
  CHECK(cut.conversion->saved.empty());
}

TEST_CASE("a loader of pairs: what --only keeps is asked, not what the source has") {
  ConversionOptions only;
  only.only = "lora_[AB]\\.weight$";
  const ConvertedAdapter kept = ConvertAdapter(
      BindAdapter("pair", MoreThanPairs(), RankConfig(8, 8)), "pair", only, OnlyPairs());
  CHECK(kept.findings == "");
  CHECK(kept.tensors.size() == 4);
  only.only = "\\.q\\.";
  CHECK(ConvertAdapter(BindAdapter("pair", MoreThanPairs(), RankConfig(8, 8)), "pair", only,
                       OnlyPairs())
            .findings ==
        "RR502 `` `server@2` takes only A and B of modules, and the adapter has 1 DoRA magnitude: "
        "base_model.model.model.layers.1.q.lora_magnitude_vector");
}

// As PEFT saves an embedding that it adapts.
TEST_CASE("the weight of an adapted module lies within its wrapper, and is no saved module") {
  Tensors tensors;
  PutPair(&tensors, LayerKey(1) + "v", kTagV, 1, 0, 8, kHidden, kV);
  tensors[LayerKey(1) + "v.weight"] =
      Matrix(kV, kHidden, [](int64_t r, int64_t c) { return Code(9, 1, 0, r, c); });
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", tensors, RankConfig(8, 8)), "pair");
  REQUIRE(made.findings == "");
  CHECK(made.tensors.size() == 3);
  CHECK(made.tensors.at(LayerKey(1) + "v.base_layer.weight") ==
        tensors.at(LayerKey(1) + "v.weight"));
  CHECK(made.conversion->saved.empty());
  CHECK(BeyondPairsOf(made.from.source->layout, *made.from.rules).wrapped);
  CHECK(ConvertAdapter(BindAdapter("pair", tensors, RankConfig(8, 8)), "pair", {}, OnlyPairs())
            .findings.starts_with("RR502"));
}

}  // namespace
}  // namespace rr
