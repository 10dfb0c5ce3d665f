#include "bind/slices.h"

#include <doctest/doctest.h>

#include <string>

#include "unit/bind/adapter_case.h"

namespace rr {
namespace {

// "experts.gate at layer 1, expert 2: A key@start, ...": the slices and where they begin.
std::string Show(const SlicedLayout& sliced, const CheckedRules& rules) {
  std::string out;
  for (const auto& [key, pieces] : sliced.slices) {
    out += SliceName(rules, key) + ":";
    for (const auto& [name, list] :
         {std::pair("A", &pieces.a), std::pair("B", &pieces.b), std::pair("m", &pieces.magnitude),
          std::pair("bias", &pieces.bias)}) {
      for (const uint32_t p : *list) {
        const BoundPiece& piece = sliced.bound.pieces[p];
        out += fmt::format(" {} {}@{}", name, piece.stored, piece.start);
      }
    }
    out += "\n";
  }
  return out;
}

TEST_CASE("folded factors: A of expert e begins at row e R, B at column e") {
  Tensors tensors;
  const std::string key = LayerKey(1) + "experts.gate_up";
  tensors[key + ".lora_A.weight"] = {{18, 7}, std::vector<double>(126)};
  tensors[key + ".lora_B.weight"] = {{10, 18}, std::vector<double>(180)};
  const AdapterCase made = BindAdapter("folded", tensors, RankConfig(6, 6));
  REQUIRE(made.findings == "");
  // Rows of up begin at 5; A has no part of its own.
  CHECK(Show(made.adapter->sliced, *made.rules) ==
        "experts.gate at layer 1, expert 0: A 0@0 B 1@0\n"
        "experts.gate at layer 1, expert 1: A 0@42 B 1@1\n"
        "experts.gate at layer 1, expert 2: A 0@84 B 1@2\n"
        "experts.up at layer 1, expert 0: A 0@0 B 1@90\n"
        "experts.up at layer 1, expert 1: A 0@42 B 1@91\n"
        "experts.up at layer 1, expert 2: A 0@84 B 1@92\n");
  for (const auto& [slice, facts] : made.adapter->facts) CHECK(facts.rank == 6);
}

TEST_CASE("axes that a stack stores first are cut in their own order") {
  Tensors tensors;
  tensors["stack.gate.lora_a"] = {{3, 2, 7, 6}, std::vector<double>(252)};
  tensors["stack.gate.lora_b"] = {{3, 2, 6, 5}, std::vector<double>(180)};
  const AdapterCase made = BindAdapter("stacked", tensors);
  REQUIRE(made.findings == "");
  CHECK(Show(made.adapter->sliced, *made.rules) ==
        "experts.gate at layer 0, expert 0: A 0@0 B 1@0\n"
        "experts.gate at layer 0, expert 1: A 0@84 B 1@60\n"
        "experts.gate at layer 0, expert 2: A 0@168 B 1@120\n"
        "experts.gate at layer 1, expert 0: A 0@42 B 1@30\n"
        "experts.gate at layer 1, expert 1: A 0@126 B 1@90\n"
        "experts.gate at layer 1, expert 2: A 0@210 B 1@150\n");
}

TEST_CASE("magnitudes and biases belong to their weight; saved weights are no slices") {
  Tensors tensors;
  PutPair(&tensors, LayerKey(0) + "q", kTagQ, 0, 0, 6, kHidden, kQ);
  tensors[LayerKey(0) + "q.lora_B.bias"] = {{kQ}, std::vector<double>(kQ)};
  tensors[LayerKey(0) + "q.lora_magnitude_vector"] = {{kQ}, std::vector<double>(kQ)};
  tensors[LayerKey(0) + "norm.weight"] = {{kHidden}, std::vector<double>(kHidden)};
  const AdapterCase made = BindAdapter("pair", tensors, RankConfig(6, 6));
  REQUIRE(made.findings == "");
  const SlicedLayout& sliced = made.adapter->sliced;
  REQUIRE(sliced.slices.size() == 1);
  const auto& [key, pieces] = *sliced.slices.begin();
  CHECK(SliceName(*made.rules, key) == "attention.q at layer 0");
  CHECK(pieces.a.size() == 1);
  CHECK(pieces.b.size() == 1);
  CHECK(pieces.magnitude.size() == 1);
  CHECK(pieces.bias.size() == 1);
  CHECK(&pieces.Of(Factor::kMagnitude) == &pieces.magnitude);
  CHECK(sliced.bound.pieces.size() == 5);
}

TEST_CASE("a factor's weight, and where its rank stands") {
  const RulesOf rules = GoodAdapters();
  for (const char* name : {"experts.up", "attention.v"}) {
    const int weight = rules->FindTensor(name);
    REQUIRE(weight >= 0);
    CHECK(WeightOf(*rules, weight) == weight);
    for (const char* suffix : {".A", ".B", ".m", ".bias"})
      CHECK(WeightOf(*rules, rules->FindTensor(std::string(name) + suffix)) == weight);
  }
  const auto rank_axis = [&](const char* name) {
    return RankAxisOf(rules->tensors[static_cast<size_t>(rules->FindTensor(name))]);
  };
  CHECK(rank_axis("experts.down.A") == 2);    // L E R I
  CHECK(rank_axis("experts.down.B") == 3);    // L E H R
  CHECK(rank_axis("attention.q.B") == 2);     // L Q R
  CHECK(rank_axis("attention.q.bias") == 2);  // none
}

}  // namespace
}  // namespace rr
