#include "plan/adapter_rank.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "unit/plan/converted_adapter.h"

namespace rr {
namespace {

const std::string kQA = LayerKey(1) + "q.lora_A.weight";
const std::string kQB = LayerKey(1) + "q.lora_B.weight";

using Lines = std::vector<std::string>;

ConversionOptions Rank(int64_t rank) {
  ConversionOptions options;
  options.rank = rank;
  return options;
}

// q with ranks of which the last are zero in A, in B, or not at all.
Tensors PairOfQ(int64_t rank, int64_t not_zero_in_a, int64_t not_zero_in_b) {
  return {{kQA, Matrix(rank, kHidden,
                       [&](int64_t r, int64_t c) {
                         return r < not_zero_in_a ? Code(kTagQ, 1, 0, r, c + 1) : 0;
                       })},
          {kQB, Matrix(kQ, rank, [&](int64_t o, int64_t r) {
             return r < not_zero_in_b ? Code(kTagQ + 10, 1, 0, o, r + 1) : 0;
           })}};
}

TEST_CASE("zeros fill a rank, alpha grows with it, and a smaller rank takes them off again") {
  const Tensors six = PairOfQ(6, 6, 6);
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", six, RankConfig(6, 12)), "pair", Rank(8));
  REQUIRE(made.findings == "");
  CHECK(made.tensors == PairOfQ(8, 6, 6));
  CHECK(ModulesOf(made) == "model.layers.1.q.weight: rank 8 alpha 16 scale 2\n");
  CHECK(made.conversion->conversion.notes ==
        Lines{"--rank 8: 1 modules are filled with zeros, and alpha grows with the rank"});

  const ConvertedAdapter back =
      ConvertAdapter(BindAdapter("pair", made.tensors, RankConfig(8, 16)), "pair", Rank(6));
  REQUIRE(back.findings == "");
  CHECK(back.tensors == six);
  CHECK(ModulesOf(back) == "model.layers.1.q.weight: rank 6 alpha 12 scale 2\n");
  CHECK(back.conversion->conversion.notes ==
        Lines{"--rank 6: 1 modules lose ranks that are zero, and alpha goes with the rank"});
}

TEST_CASE("with rsLoRA alpha grows with the root of the rank") {
  const Value::Map config{{"r", 6}, {"lora_alpha", 12}, {"use_rslora", true}};
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", PairOfQ(6, 6, 6), config), "pair", Rank(24));
  REQUIRE(made.conversion.has_value());
  REQUIRE(made.conversion->modules.size() == 1);
  CHECK(*made.conversion->modules[0].alpha == doctest::Approx(24));
  CHECK(*made.conversion->modules[0].scale == doctest::Approx(12 / std::sqrt(6)));
}

TEST_CASE("a rank goes that is zero in A or in B; one that is not is named") {
  for (const auto& [a, b] : {std::pair{4, 6}, {6, 4}, {3, 6}, {0, 6}, {6, 0}}) {
    CAPTURE(a);
    CAPTURE(b);
    const ConvertedAdapter made =
        ConvertAdapter(BindAdapter("pair", PairOfQ(6, a, b), RankConfig(6, 12)), "pair", Rank(4));
    REQUIRE(made.findings == "");
    CHECK(made.tensors == PairOfQ(4, std::min(a, 4), std::min(b, 4)));
  }
  CHECK(ConvertAdapter(BindAdapter("pair", PairOfQ(6, 5, 6), RankConfig(6, 12)), "pair", Rank(4))
            .findings ==
        "RR512 `` attention.q at layer 1 is stored with rank 6, of which 5 are not zero: it does "
        "not fit into rank 4");
}

TEST_CASE("of many modules that do not fit three are named and the others are counted") {
  // Gate, up and down of two experts, at layer 1: six modules of rank 6, none of whose ranks is
  // zero.
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", ExpertPairs(false), RankConfig(6, 12)), "pair", Rank(4));
  CHECK(std::count(made.findings.begin(), made.findings.end(), '\n') == 3);
  CHECK(made.findings.ends_with(
      "RR512 `` " + std::to_string(3 * kExperts - 3) +
      " more modules do not fit into rank 4: the least that all fit into is 6"));
  // Whichever of them has a rank less, the least that all fit into is that of the others.
  for (int64_t e = 0; e < kExperts; ++e) {
    for (const auto& [name, in] : {std::pair{"gate", kHidden}, {"up", kHidden}, {"down", kFfn}}) {
      CAPTURE(name);
      Tensors tensors = ExpertPairs(false);
      tensors[ExpertKey(1, e, name) + ".lora_A.weight"] =
          Matrix(6, in, [](int64_t r, int64_t c) { return r < 5 ? 10 * r + c + 1 : 0; });
      const ConvertedAdapter one =
          ConvertAdapter(BindAdapter("pair", tensors, RankConfig(6, 12)), "pair", Rank(4));
      CHECK(one.findings.ends_with("the least that all fit into is 6"));
    }
  }
}

TEST_CASE("parts with different A lose their zeros one by one before their ranks are stacked") {
  ConvertedAdapter wide =
      ConvertAdapter(BindAdapter("pair", ExpertPairs(false), RankConfig(6, 12)), "pair", Rank(8));
  REQUIRE(wide.findings == "");
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", wide.tensors, RankConfig(8, 16)), "folded", Rank(12));
  REQUIRE(made.findings == "");
  CHECK(ModulesOf(made) ==
        "model.layers.1.experts.down (parameter): rank 12 alpha 24 scale 2\n"
        "model.layers.1.experts.gate_up (parameter): rank 12 alpha 24 scale 2\n");
  const ConvertedAdapter plain =
      ConvertAdapter(BindAdapter("pair", ExpertPairs(false), RankConfig(6, 12)), "folded");
  for (const char* factor : {"lora_A.weight", "lora_B.weight"}) {
    const std::string key = LayerKey(1) + "experts.gate_up." + factor;
    CHECK(made.tensors.at(key) == plain.tensors.at(key));
  }
  CHECK(ConvertAdapter(BindAdapter("pair", wide.tensors, RankConfig(8, 16)), "folded", Rank(11))
            .findings.starts_with("RR512 `` experts.gate at layer 1, expert 0 is stored with rank "
                                  "16, of which 12 are not zero"));
}

}  // namespace
}  // namespace rr
