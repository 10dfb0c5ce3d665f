#include "plan/adapter_conversion.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/plan/converted_adapter.h"

namespace rr {
namespace {

const std::string kGateUpA = LayerKey(1) + "experts.gate_up.lora_A.weight";
const std::string kGateUpB = LayerKey(1) + "experts.gate_up.lora_B.weight";
const std::string kDownA = LayerKey(1) + "experts.down.lora_A.weight";
const std::string kDownB = LayerKey(1) + "experts.down.lora_B.weight";

using Lines = std::vector<std::string>;

TEST_CASE("one A for gate and up: A expert-major, B rank-major, gate's outputs first; and back") {
  const Tensors pairs = ExpertPairs(true);
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(6, 12)), "folded");
  REQUIRE(made.findings == "");
  CHECK(made.tensors.size() == 4);
  CHECK(made.tensors.at(kGateUpA) == Matrix(18, kHidden, [](int64_t row, int64_t c) {
          return Code(kGate, 1, row / 6, row % 6, c);
        }));
  CHECK(made.tensors.at(kGateUpB) == Matrix(10, 18, [](int64_t o, int64_t column) {
          const int tag = o < kFfn ? kGate : kUp;
          return Code(tag + 10, 1, column % kExperts, o % kFfn, column / kExperts);
        }));
  CHECK(made.tensors.at(kDownA) == Matrix(18, kFfn, [](int64_t row, int64_t c) {
          return Code(kDown, 1, row / 6, row % 6, c);
        }));
  CHECK(made.tensors.at(kDownB) == Matrix(kHidden, 18, [](int64_t o, int64_t column) {
          return Code(kDown + 10, 1, column % kExperts, o, column / kExperts);
        }));
  CHECK(ModulesOf(made) ==
        "model.layers.1.experts.down (parameter): rank 6 alpha 12 scale 2\n"
        "model.layers.1.experts.gate_up (parameter): rank 6 alpha 12 scale 2\n");
  CHECK(made.conversion->conversion.notes == Lines{"1 modules have one A for all their parts"});

  const ConvertedAdapter back =
      ConvertAdapter(BindAdapter("folded", made.tensors, RankConfig(6, 12)), "pair");
  CHECK(back.findings == "");
  CHECK(back.tensors == pairs);
}

TEST_CASE("B of an expert-major style, and A over the other dimension") {
  const Tensors pairs = ExpertPairs(true);
  const ConvertedAdapter blocked =
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(6, 12)), "blocked");
  CHECK(blocked.tensors.at(kDownB) == Matrix(kHidden, 18, [](int64_t o, int64_t column) {
          return Code(kDown + 10, 1, column / 6, o, column % 6);
        }));
  const ConvertedAdapter folded =
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(6, 12)), "folded");
  CHECK(blocked.tensors.at(kDownA) == folded.tensors.at(kDownA));
  // direct: the file's A is over dimension 1 of the parameter, which is the output: our B.
  const ConvertedAdapter direct =
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(6, 12)), "direct");
  CHECK(direct.tensors.at(kDownA) == Matrix(18, kHidden, [](int64_t row, int64_t c) {
          return Code(kDown + 10, 1, row / 6, c, row % 6);
        }));
  CHECK(direct.tensors.at(kDownB) == Matrix(kFfn, 18, [](int64_t o, int64_t column) {
          return Code(kDown, 1, column % kExperts, column / kExperts, o);
        }));
  CHECK(
      ConvertAdapter(BindAdapter("direct", direct.tensors, RankConfig(6, 12)), "folded").tensors ==
      folded.tensors);
}

TEST_CASE("different A: ranks are stacked, B is block-diagonal, alpha grows; and back") {
  const Tensors pairs = ExpertPairs(false);
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(6, 9)), "folded");
  REQUIRE(made.findings == "");
  CHECK(made.tensors.at(kGateUpA) == Matrix(36, kHidden, [](int64_t row, int64_t c) {
          const int64_t r = row % 12;
          return Code(r < 6 ? kGate : kUp, 1, row / 12, r % 6, c);
        }));
  CHECK(made.tensors.at(kGateUpB) == Matrix(10, 36, [](int64_t o, int64_t column) {
          const int64_t r = column / kExperts;
          if ((o < kFfn) != (r < 6)) return 0.0;
          return Code((o < kFfn ? kGate : kUp) + 10, 1, column % kExperts, o % kFfn, r % 6);
        }));
  CHECK(ModulesOf(made) ==
        "model.layers.1.experts.down (parameter): rank 6 alpha 9 scale 1.5\n"
        "model.layers.1.experts.gate_up (parameter): rank 12 alpha 18 scale 1.5\n");
  CHECK(made.conversion->conversion.notes ==
        Lines{"1 modules are block-diagonal: their parts had different A, the ranks are stacked"});

  Value::Map config = RankConfig(6, 9);
  config.push_back({"rank_pattern", Value::Map{{"experts.gate_up", 12}}});
  config.push_back({"alpha_pattern", Value::Map{{"experts.gate_up", 18}}});
  const ConvertedAdapter back = ConvertAdapter(BindAdapter("folded", made.tensors, config), "pair");
  CHECK(back.tensors == pairs);
  CHECK(
      back.conversion->conversion.notes ==
      Lines{"1 modules were block-diagonal with zeros off the diagonal: their parts have their own "
            "ranks again"});
  CHECK(ModulesOf(back).starts_with(
      "model.layers.1.experts.0.down.weight: rank 6 alpha 9 scale 1.5\n"
      "model.layers.1.experts.0.gate.weight: rank 6 alpha 9 scale 1.5\n"));
}

TEST_CASE("parts of different ranks are stacked and found again") {
  Tensors pairs;
  PutPair(&pairs, LayerKey(1) + "q", kTagQ, 1, 0, 8, kHidden, kQ);
  PutPair(&pairs, LayerKey(1) + "v", kTagV, 1, 0, 6, kHidden, kV);
  const Value::Map config{{"r", 8},
                          {"lora_alpha", 4},
                          {"rank_pattern", Value::Map{{"v", 6}}},
                          {"alpha_pattern", Value::Map{{"v", 3}}}};
  const ConvertedAdapter made = ConvertAdapter(BindAdapter("pair", pairs, config), "folded");
  REQUIRE(made.findings == "");
  CHECK(ModulesOf(made) == "model.layers.1.qv.weight: rank 14 alpha 7 scale 0.5\n");
  CHECK(made.tensors.at(LayerKey(1) + "qv.lora_A.weight") ==
        Matrix(14, kHidden, [](int64_t r, int64_t c) {
          return r < 8 ? Code(kTagQ, 1, 0, r, c) : Code(kTagV, 1, 0, r - 8, c);
        }));
  CHECK(made.tensors.at(LayerKey(1) + "qv.lora_B.weight") ==
        Matrix(kQ + kV, 14, [](int64_t o, int64_t r) {
          if ((o < kQ) != (r < 8)) return 0.0;
          return o < kQ ? Code(kTagQ + 10, 1, 0, o, r) : Code(kTagV + 10, 1, 0, o - kQ, r - 8);
        }));
  const ConvertedAdapter back =
      ConvertAdapter(BindAdapter("folded", made.tensors, RankConfig(14, 7)), "pair");
  CHECK(back.tensors == pairs);
  CHECK(ModulesOf(back) ==
        "model.layers.1.q.weight: rank 8 alpha 4 scale 0.5\n"
        "model.layers.1.v.weight: rank 6 alpha 3 scale 0.5\n");
}

TEST_CASE("scales that differ between parts are folded into B") {
  Tensors pairs;
  PutPair(&pairs, LayerKey(1) + "q", kTagQ, 1, 0, 8, kHidden, kQ);
  PutPair(&pairs, LayerKey(1) + "v", kTagV, 1, 0, 6, kHidden, kV);
  Value::Map config{{"r", 8},
                    {"lora_alpha", 4},
                    {"rank_pattern", Value::Map{{"v", 6}}},
                    {"alpha_pattern", Value::Map{{"v", 12}}}};
  // 0.5 and 2: v is multiplied by 4, which is exact.
  const ConvertedAdapter made = ConvertAdapter(BindAdapter("pair", pairs, config), "folded");
  REQUIRE(made.findings == "");
  CHECK(ModulesOf(made) == "model.layers.1.qv.weight: rank 14 alpha 7 scale 0.5\n");
  const Tensor& b = made.tensors.at(LayerKey(1) + "qv.lora_B.weight");
  CHECK(b.values[2 * 14 + 7] == Code(kTagQ + 10, 1, 0, 2, 7));
  CHECK(b.values[(kQ + 3) * 14 + 8 + 5] == 4 * Code(kTagV + 10, 1, 0, 3, 5));
  CHECK(made.conversion->conversion.lossy ==
        Lines{"multiply by 4: base_model.model.model.layers.1.qv.lora_B.weight"});
  // 0.5 and 1.5: a factor of 3 may round, which must be allowed.
  config[3].second = Value::Map{{"v", 9}};
  CHECK(
      ConvertAdapter(BindAdapter("pair", pairs, config), "folded").findings ==
      "RR501 `` base_model.model.model.layers.1.v.lora_B.weight would be stored by multiply by 3");
  ConversionOptions lossy;
  lossy.allow_lossy = true;
  CHECK(ConvertAdapter(BindAdapter("pair", pairs, config), "folded", lossy)
            .tensors.at(LayerKey(1) + "qv.lora_B.weight")
            .values[(kQ + 3) * 14 + 8 + 5] == 3 * Code(kTagV + 10, 1, 0, 3, 5));
}

TEST_CASE("rsLoRA: alpha grows with the root of the rank") {
  Value::Map config{{"r", 6}, {"lora_alpha", 3}, {"use_rslora", true}};
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", ExpertPairs(false), config), "folded");
  REQUIRE(made.conversion.has_value());
  CHECK(made.conversion->use_rslora);
  REQUIRE(made.conversion->modules.size() == 2);
  const AdaptedModule& gate_up = made.conversion->modules[1];
  CHECK(gate_up.rank == 12);
  CHECK(*gate_up.alpha == doctest::Approx(3 * std::sqrt(2.0)).epsilon(1e-15));
  CHECK(*gate_up.scale == doctest::Approx(3 / std::sqrt(6.0)).epsilon(1e-15));
}

TEST_CASE("fuse: shared refuses what differs; block-diagonal stacks also what is equal") {
  ConversionOptions options;
  options.fuse = FuseMode::kShared;
  CHECK(ConvertAdapter(BindAdapter("pair", ExpertPairs(false), RankConfig(6, 6)), "folded", options)
            .findings ==
        "RR511 `` `experts.gate` and `experts.up` are stored with one A, and theirs differ");
  const ConvertedAdapter shared =
      ConvertAdapter(BindAdapter("pair", ExpertPairs(true), RankConfig(6, 6)), "folded", options);
  CHECK(shared.tensors.at(kGateUpA).shape == std::vector<int64_t>{18, kHidden});
  options.fuse = FuseMode::kBlockDiagonal;
  const ConvertedAdapter stacked =
      ConvertAdapter(BindAdapter("pair", ExpertPairs(true), RankConfig(6, 6)), "folded", options);
  CHECK(stacked.tensors.at(kGateUpA) == Matrix(36, kHidden, [](int64_t row, int64_t c) {
          return Code(kGate, 1, row / 12, row % 6, c);
        }));
  CHECK(stacked.tensors.at(kGateUpB).shape == std::vector<int64_t>{10, 36});
  // What is stored once is one A also then.
  const ConvertedAdapter again =
      ConvertAdapter(BindAdapter("folded", shared.tensors, RankConfig(6, 6)), "direct", options);
  CHECK(again.tensors.at(kGateUpB).shape == std::vector<int64_t>{kHidden, 18});
}

TEST_CASE("a B that is all zero is not cut, nor is one without zeros") {
  Tensors fused =
      ConvertAdapter(BindAdapter("pair", ExpertPairs(true), RankConfig(6, 6)), "folded").tensors;
  const auto ranks = [](const Tensors& tensors) {
    const ConvertedAdapter made =
        ConvertAdapter(BindAdapter("folded", tensors, RankConfig(6, 6)), "pair");
    std::vector<int64_t> found;
    for (const char* name : {"gate", "up"})
      found.push_back(made.tensors.at(ExpertKey(1, 2, name) + ".lora_A.weight").shape[0]);
    return found;
  };
  CHECK(ranks(fused) == std::vector<int64_t>{6, 6});
  Tensor& b = fused.at(kGateUpB);
  std::fill(b.values.begin() + kFfn * 18, b.values.end(), 0);  // up
  CHECK(ranks(fused) == std::vector<int64_t>{6, 6});
  std::fill(b.values.begin(), b.values.end(), -0.0);  // an adapter at the start of a training
  CHECK(ranks(fused) == std::vector<int64_t>{6, 6});
  // gate uses ranks 0 to 3 and up ranks 2 to 5: they overlap.
  for (int64_t o = 0; o < 10; ++o) {
    for (int64_t column = 0; column < 18; ++column) {
      const int64_t r = column / kExperts;
      b.values[static_cast<size_t>(o * 18 + column)] = (o < kFfn ? r < 4 : r >= 2) ? 1 : 0;
    }
  }
  CHECK(ranks(fused) == std::vector<int64_t>{6, 6});
  // gate uses 0 to 3 and up 4 and 5 in the last expert only: blocks of 4 and 2 over all experts.
  for (int64_t o = 0; o < 10; ++o) {
    for (int64_t column = 0; column < 18; ++column) {
      const int64_t r = column / kExperts, e = column % kExperts;
      b.values[static_cast<size_t>(o * 18 + column)] =
          (o < kFfn ? r < 4 : r >= 4 && e == 2) ? 1 : 0;
    }
  }
  CHECK(ranks(fused) == std::vector<int64_t>{4, 2});
}

TEST_CASE("a part that the adapter lacks is refused, and zero where that is asked for") {
  Tensors pairs;
  PutPair(&pairs, LayerKey(1) + "q", kTagQ, 1, 0, 8, kHidden, kQ);
  CHECK(
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(8, 8)), "folded").findings ==
      "RR402 `folded` layout `folded` stores attention.v at layer 1 together with what the adapter "
      "has, and the adapter has no factors for it");
  ConversionOptions options;
  options.fill_zero = true;
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(8, 8)), "folded", options);
  REQUIRE(made.findings == "");
  CHECK(made.tensors.size() == 2);
  CHECK(made.tensors.at(LayerKey(1) + "qv.lora_B.weight") ==
        Matrix(kQ + kV, 8,
               [](int64_t o, int64_t r) { return o < kQ ? Code(kTagQ + 10, 1, 0, o, r) : 0.0; }));
  CHECK(made.conversion->conversion.defaulted == Lines{"1 slices = 0 (--fill zero)"});
}

TEST_CASE("a magnitude that the adapter lacks is not made of zeros") {
  Tensors pairs;
  PutPair(&pairs, LayerKey(1) + "q", kTagQ, 1, 0, 8, kHidden, kQ);
  pairs[LayerKey(1) + "q.lora_magnitude_vector"] = {{kQ}, std::vector<double>(kQ, 3)};
  ConversionOptions options;
  for (const bool fill : {false, true}) {
    options.fill_zero = fill;
    CHECK(
        ConvertAdapter(BindAdapter("pair", pairs, RankConfig(8, 8)), "folded", options).findings ==
        "RR402 `folded` layout `folded` stores a DoRA magnitude of attention.v at layer 1 together "
        "with those that the adapter has, and the adapter has none for it. Zero is none: it would "
        "be the length of the base's weights");
  }
  // Where magnitudes have no place and are left out, zero factors are all that is needed.
  options.allow_partial = true;
  const ConvertedAdapter cut =
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(8, 8)), "stacked", options);
  CHECK(cut.findings == "");
  CHECK(cut.tensors.at("stack.q.lora_a").values.size() == kLayers * kHidden * 8);
}

TEST_CASE("a part without factors beside one that is saved: both are said at once") {
  Tensors pairs;
  PutPair(&pairs, LayerKey(1) + "q", kTagQ, 1, 0, 8, kHidden, kQ);
  pairs[LayerKey(1) + "v.weight"] = {{kV, kHidden}, std::vector<double>(kV * kHidden, 3)};
  CHECK(
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(8, 8)), "folded").findings ==
      "RR402 `folded` layout `folded` stores attention.v at layer 1 together with what the adapter "
      "has, and the adapter has no factors for it\n"
      "RR402 `` base_model.model.model.layers.1.qv.weight is stored as a whole, and the adapter "
      "has only a part of it");
  // `stacked` has no place for what is saved.
  CHECK(ConvertAdapter(BindAdapter("pair", pairs, RankConfig(8, 8)), "stacked").findings ==
        "RR402 `stacked` layout `stacked` stores attention.q at layer 0 together with what the "
        "adapter has, and the adapter has no factors for it\n"
        "RR502 `stacked` layout `stacked` has no place for attention.v (saved as a whole)");
}

TEST_CASE("a missing expert is zero where that is asked for") {
  Tensors pairs = ExpertPairs(true);
  for (const char* name : {"gate", "up", "down"}) {
    for (const char* factor : {".lora_A.weight", ".lora_B.weight"})
      pairs.erase(ExpertKey(1, 1, name) + factor);
  }
  AdapterSourceOptions fill;
  fill.fill_zero = true;
  ConversionOptions options;
  options.fill_zero = true;
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(6, 6), fill), "folded", options);
  REQUIRE(made.findings == "");
  CHECK(made.tensors.at(kDownA) == Matrix(18, kFfn, [](int64_t row, int64_t c) {
          return row / 6 == 1 ? 0.0 : Code(kDown, 1, row / 6, row % 6, c);
        }));
  CHECK(made.tensors.at(kDownB) == Matrix(kHidden, 18, [](int64_t o, int64_t column) {
          return column % kExperts == 1
                     ? 0.0
                     : Code(kDown + 10, 1, column % kExperts, o, column / kExperts);
        }));
  CHECK(made.conversion->conversion.defaulted == Lines{"3 slices = 0 (--fill zero)"});
}

TEST_CASE("one rank and one scale for all modules: refused, or zeros fill and B is multiplied") {
  Tensors pairs;
  for (int64_t l = 0; l < kLayers; ++l) {
    PutPair(&pairs, LayerKey(l) + "q", kTagQ, l, 0, 8, kHidden, kQ);
    PutPair(&pairs, LayerKey(l) + "v", kTagV, l, 0, 6, kHidden, kV);
  }
  const Value::Map config{{"r", 8},
                          {"lora_alpha", 16},
                          {"rank_pattern", Value::Map{{"v", 6}}},
                          {"alpha_pattern", Value::Map{{"v", 3}}}};
  LoaderNeeds needs;
  needs.uniform = true;
  CHECK(ConvertAdapter(BindAdapter("pair", pairs, config), "stacked", {}, needs).findings ==
        "RR512 `stacked` `stacked` stores one rank and alpha for all modules, but attention.q at "
        "layer 0 has rank 8 and scale 2 and attention.v at layer 0 has rank 6 and scale 0.5");
  ConversionOptions options;
  options.allow_uniform_rank = true;
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", pairs, config), "stacked", options, needs);
  REQUIRE(made.findings == "");
  CHECK(made.conversion->conversion.notes == Lines{"all modules have rank 8 (zeros fill)"});
  CHECK(ModulesOf(made) == "stack.q.kernel: rank 8 scale 2\nstack.v.kernel: rank 8 scale 2\n");
  Tensor a{{kLayers, kHidden, 8}, {}, Dtype::kF32};
  for (int64_t l = 0; l < kLayers; ++l) {
    for (int64_t i = 0; i < kHidden; ++i) {
      for (int64_t r = 0; r < 8; ++r) a.values.push_back(r < 6 ? Code(kTagV, l, 0, r, i) : 0);
    }
  }
  CHECK(made.tensors.at("stack.v.lora_a") == a);
  Tensor b{{kLayers, 8, kV}, {}, Dtype::kF32};
  for (int64_t l = 0; l < kLayers; ++l) {
    for (int64_t r = 0; r < 8; ++r) {
      for (int64_t o = 0; o < kV; ++o)
        b.values.push_back(r < 6 ? Code(kTagV + 10, l, 0, o, r) / 4 : 0);
    }
  }
  CHECK(made.tensors.at("stack.v.lora_b") == b);
  CHECK(made.tensors.at("stack.q.lora_b").values[0] == Code(kTagQ + 10, 0, 0, 0, 0));
}

TEST_CASE("one scale alone: ranks stay") {
  Tensors pairs;
  PutPair(&pairs, LayerKey(1) + "q", kTagQ, 1, 0, 8, kHidden, kQ);
  PutPair(&pairs, LayerKey(1) + "v", kTagV, 1, 0, 6, kHidden, kV);
  const Value::Map config{{"r", 8},
                          {"lora_alpha", 16},
                          {"rank_pattern", Value::Map{{"v", 6}}},
                          {"alpha_pattern", Value::Map{{"v", 3}}}};
  LoaderNeeds needs;
  needs.one_scale = true;
  CHECK(ConvertAdapter(BindAdapter("pair", pairs, config), "pair", {}, needs)
            .findings.starts_with("RR512 `pair` `pair` stores one scale for all modules"));
  ConversionOptions options;
  options.allow_uniform_rank = true;
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", pairs, config), "pair", options, needs);
  CHECK(ModulesOf(made) ==
        "model.layers.1.q.weight: rank 8 scale 2\nmodel.layers.1.v.weight: rank 6 scale 2\n");
  CHECK(made.conversion->conversion.notes == Lines{"all modules have one scale, folded into B"});
  CHECK(made.tensors.at(LayerKey(1) + "v.lora_B.weight").values[3 * 6 + 5] ==
        Code(kTagV + 10, 1, 0, 3, 5) / 4);
}

TEST_CASE("experts of different ranks in one stored factor") {
  Tensors pairs = ExpertPairs(false);
  PutPair(&pairs, ExpertKey(1, 1, "down"), kDown, 1, 1, 4, kFfn, kHidden);
  Value::Map config = RankConfig(6, 6);
  config.push_back({"rank_pattern", Value::Map{{"1.down", 4}}});
  config.push_back({"alpha_pattern", Value::Map{{"1.down", 4}}});
  CHECK(
      ConvertAdapter(BindAdapter("pair", pairs, config), "folded").findings ==
      "RR512 `` slices that are stored together have different ranks, for instance experts.down at "
      "layer 1, expert 1");
  ConversionOptions options;
  options.allow_uniform_rank = true;
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", pairs, config), "folded", options);
  REQUIRE(made.findings == "");
  CHECK(made.tensors.at(kDownA) == Matrix(18, kFfn, [](int64_t row, int64_t c) {
          return row / 6 == 1 && row % 6 >= 4 ? 0.0 : Code(kDown, 1, row / 6, row % 6, c);
        }));
}

TEST_CASE("an expert's factors without its rank: the rank of the first expert is smaller") {
  Tensors pairs = ExpertPairs(false);
  PutPair(&pairs, ExpertKey(1, 0, "down"), kDown, 1, 0, 4, kFfn, kHidden);
  Value::Map config = RankConfig(6, 6);
  config.push_back({"rank_pattern", Value::Map{{"0.down", 4}}});
  config.push_back({"alpha_pattern", Value::Map{{"0.down", 8}}});
  ConversionOptions options;
  options.allow_uniform_rank = true;
  // Scale 2 of expert 0 is the group's: alpha is 2 * 6, and the others are halved.
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", pairs, config), "folded", options);
  REQUIRE(made.findings == "");
  CHECK(ModulesOf(made).starts_with(
      "model.layers.1.experts.down (parameter): rank 6 alpha 12 scale 2\n"));
  const Tensor& b = made.tensors.at(kDownB);
  CHECK(b.values[3 * 18 + 2 * kExperts + 0] == Code(kDown + 10, 1, 0, 3, 2));
  CHECK(b.values[3 * 18 + 5 * kExperts + 0] == 0);
  CHECK(b.values[3 * 18 + 5 * kExperts + 2] == Code(kDown + 10, 1, 2, 3, 5) / 2);
}

TEST_CASE("parts of one weight that are stored apart have one alpha") {
  Tensors pairs;
  for (int64_t e = 0; e < kExperts; ++e) {
    PutPair(&pairs, ExpertKey(1, e, "gate"), kGate, 1, e, 6, kHidden, kFfn);
    PutPair(&pairs, ExpertKey(1, e, "up"), kUp, 1, e, 8, kHidden, kFfn);
  }
  const Value::Map config{{"r", 6},
                          {"lora_alpha", 3},
                          {"rank_pattern", Value::Map{{"up", 8}}},
                          {"alpha_pattern", Value::Map{{"up", 8}}}};
  const ConvertedAdapter made = ConvertAdapter(BindAdapter("pair", pairs, config), "parts");
  REQUIRE(made.findings == "");
  // Scale 0.5 of gate holds for up, whose B is doubled; gate is filled with zeros up to rank 8.
  CHECK(ModulesOf(made) == "model.layers.1.experts.gate_up: rank 8 scale 0.5\n");
  CHECK(
      made.conversion->conversion.notes ==
      Lines{
          "the ranks of 1 parts are filled with zeros, because the weight that they belong to has "
          "one alpha"});
  Tensor w1{{kExperts, 8, kHidden}, {}, Dtype::kF32}, w3{{kExperts, kFfn, 8}, {}, Dtype::kF32};
  for (int64_t e = 0; e < kExperts; ++e) {
    for (int64_t r = 0; r < 8; ++r) {
      for (int64_t i = 0; i < kHidden; ++i)
        w1.values.push_back(r < 6 ? Code(kGate, 1, e, r, i) : 0);
    }
    for (int64_t o = 0; o < kFfn; ++o) {
      for (int64_t r = 0; r < 8; ++r) w3.values.push_back(2 * Code(kUp + 10, 1, e, o, r));
    }
  }
  CHECK(made.tensors.at("model.layers.1.experts.w1.A") == w1);
  CHECK(made.tensors.at("model.layers.1.experts.w3.B") == w3);
}

TEST_CASE("weights saved as a whole move with the factors") {
  Tensors pairs;
  PutPair(&pairs, LayerKey(1) + "q", kTagQ, 1, 0, 8, kHidden, kQ);
  PutPair(&pairs, LayerKey(1) + "v", kTagV, 1, 0, 8, kHidden, kV);
  pairs[LayerKey(0) + "norm.weight"] = {{kHidden}, {1, 2, 3, 4, 5, 6, 7}, Dtype::kBF16};
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(8, 8)), "folded");
  REQUIRE(made.findings == "");
  CHECK(made.tensors.at(LayerKey(0) + "norm.weight") == pairs.at(LayerKey(0) + "norm.weight"));
  CHECK(made.tensors.size() == 3);
  CHECK(made.conversion->saved == Lines{"model.layers.0.norm.weight"});
  // A layout without a place for it.
  ConversionOptions fill;
  fill.fill_zero = true;
  CHECK(ConvertAdapter(BindAdapter("pair", pairs, RankConfig(8, 8)), "stacked", fill).findings ==
        "RR502 `stacked` layout `stacked` has no place for norm.n (saved as a whole)");
  // Half of a fused weight.
  pairs[LayerKey(0) + "q.weight"] =
      Matrix(kQ, kHidden, [](int64_t r, int64_t c) { return Code(9, 0, 0, r, c); });
  CHECK(ConvertAdapter(BindAdapter("pair", pairs, RankConfig(8, 8)), "folded").findings ==
        "RR402 `` base_model.model.model.layers.0.qv.weight is stored as a whole, and the adapter "
        "has "
        "only a part of it");
}

TEST_CASE("magnitudes and biases of B: where there is a place for them") {
  Tensors pairs;
  PutPair(&pairs, LayerKey(1) + "q", kTagQ, 1, 0, 8, kHidden, kQ);
  PutPair(&pairs, LayerKey(1) + "v", kTagV, 1, 0, 8, kHidden, kV);
  Tensor of_q{{kQ}, {}}, of_v{{kV}, {}}, both{{kQ + kV}, {}};
  for (int64_t o = 0; o < kQ + kV; ++o) {
    (o < kQ ? of_q : of_v).values.push_back(static_cast<double>(100 + o));
    both.values.push_back(static_cast<double>(100 + o));
  }
  pairs[LayerKey(1) + "q.lora_magnitude_vector"] = of_q;
  pairs[LayerKey(1) + "v.lora_magnitude_vector"] = of_v;
  pairs[LayerKey(1) + "q.lora_B.bias"] = of_q;
  pairs[LayerKey(1) + "v.lora_B.bias"] = of_v;
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(8, 8)), "folded");
  REQUIRE(made.findings == "");
  CHECK(made.conversion->use_dora);
  CHECK(made.conversion->lora_bias);
  CHECK(made.tensors.at(LayerKey(1) + "qv.lora_magnitude_vector") == both);
  CHECK(made.tensors.at(LayerKey(1) + "qv.lora_B.bias") == both);
  ConversionOptions partial;
  partial.fill_zero = true;
  CHECK(ConvertAdapter(BindAdapter("pair", pairs, RankConfig(8, 8)), "stacked", partial).findings ==
        "RR502 `stacked` layout `stacked` has no place for attention.q (its DoRA magnitude), "
        "attention.q (the bias of its B), attention.v (its DoRA magnitude) and "
        "attention.v (the bias of its B)");
  partial.allow_partial = true;
  const ConvertedAdapter cut =
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(8, 8)), "stacked", partial);
  REQUIRE(cut.conversion.has_value());
  CHECK(cut.tensors.size() == 4);
  CHECK(cut.conversion->conversion.left_out.size() == 4);
}

TEST_CASE("modules that the destination has no place for, and only some keys") {
  Tensors pairs = ExpertPairs(true);
  CHECK(ConvertAdapter(BindAdapter("pair", pairs, RankConfig(6, 6)), "parts").findings ==
        "RR502 `parts` layout `parts` has no place for experts.down");
  ConversionOptions options;
  options.only = "w1\\.A$";
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(6, 6)), "parts", options);
  CHECK(made.findings == "");
  REQUIRE(made.tensors.size() == 1);
  CHECK(made.tensors.begin()->first == "model.layers.1.experts.w1.A");
}

TEST_CASE("the layout of products: one factor pair per stored weight, in its order") {
  const ConvertedAdapter made = ConvertAdapter(
      BindAdapter("pair", ExpertPairs(false), RankConfig(6, 6)), "factors.stack", [] {
        ConversionOptions o;
        o.fill_zero = true;
        return o;
      }());
  REQUIRE(made.findings == "");
  Tensor a{{kExperts, kLayers, 6, kFfn}, {}}, b{{kExperts, kLayers, kHidden, 6}, {}};
  for (int64_t e = 0; e < kExperts; ++e) {
    for (int64_t l = 0; l < kLayers; ++l) {
      for (int64_t r = 0; r < 6; ++r) {
        for (int64_t i = 0; i < kFfn; ++i) a.values.push_back(l == 0 ? 0 : Code(kDown, 1, e, r, i));
      }
      for (int64_t o = 0; o < kHidden; ++o) {
        for (int64_t r = 0; r < 6; ++r)
          b.values.push_back(l == 0 ? 0 : Code(kDown + 10, 1, e, o, r));
      }
    }
  }
  CHECK(made.tensors.at("stack.down.kernel:A") == a);
  CHECK(made.tensors.at("stack.down.kernel:B") == b);
}

TEST_CASE("no sizes but those of the shapes: fine between layouts that store them alike") {
  Tensors pairs;
  PutPair(&pairs, LayerKey(0) + "q", kTagQ, 0, 0, 8, kHidden, kQ);
  PutPair(&pairs, LayerKey(0) + "v", kTagV, 0, 0, 8, kHidden, kV);
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(8, 8), {}, {}), "folded");
  CHECK(made.findings == "");
  CHECK(made.tensors.at(LayerKey(0) + "qv.lora_A.weight").shape ==
        std::vector<int64_t>{16, kHidden});
  // Of the folded experts only a product is known.
  Tensors folded;
  folded[LayerKey(0) + "experts.down.lora_A.weight"] =
      Matrix(18, kFfn, [](int64_t r, int64_t c) { return Code(1, 0, 0, r % 16, c); });
  folded[LayerKey(0) + "experts.down.lora_B.weight"] =
      Matrix(kHidden, 18, [](int64_t r, int64_t c) { return Code(2, 0, 0, r, c % 16); });
  CHECK(BindAdapter("folded", folded, std::nullopt, {}, {}).findings != "");
}

// A short name in target_modules would mean them as well.
TEST_CASE("modules of which the adapter has nothing are known, if need be without their sizes") {
  Tensors pairs;
  PutPair(&pairs, LayerKey(1) + "q", kTagQ, 1, 0, 8, kHidden, kQ);
  Lines all;
  for (const int64_t l : {0, 1}) {
    for (int64_t e = 0; e < kExperts; ++e) {
      for (const char* name : {"down", "gate", "up"})
        all.push_back(fmt::format("model.layers.{}.experts.{}.{}", l, e, name));
    }
    for (const char* name : {"q", "v"}) all.push_back(fmt::format("model.layers.{}.{}", l, name));
  }
  const ConvertedAdapter known = ConvertAdapter(BindAdapter("pair", pairs), "pair");
  REQUIRE(known.findings == "");
  CHECK(known.conversion->all_modules == all);

  Value::Map config = ToyConfig();
  std::erase_if(config, [](const auto& member) { return member.first == "num_experts"; });
  const ConvertedAdapter unknown =
      ConvertAdapter(BindAdapter("pair", pairs, Value::Map(), {}, config), "pair");
  REQUIRE(unknown.findings == "");
  CHECK(unknown.tensors == pairs);
  CHECK(unknown.conversion->all_modules ==
        Lines{"model.layers.0.experts.0.down", "model.layers.0.experts.0.gate",
              "model.layers.0.experts.0.up", "model.layers.0.q", "model.layers.0.v",
              "model.layers.1.q", "model.layers.1.v"});
}

}  // namespace
}  // namespace rr
