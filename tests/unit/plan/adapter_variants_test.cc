#include "plan/adapter_variants.h"

#include <doctest/doctest.h>

#include <string>

#include "unit/plan/converted_adapter.h"

namespace rr {
namespace {

// Experts that share A of gate, and of up, or not.
Tensors Shared(bool gate, bool up) {
  Tensors tensors;
  for (int64_t e = 0; e < kExperts; ++e) {
    PutPair(&tensors, ExpertKey(1, e, "gate"), kGate, 1, e, 6, kHidden, kFfn);
    PutPair(&tensors, ExpertKey(1, e, "up"), kUp, 1, e, 6, kHidden, kFfn);
    const std::string a = ".lora_A.weight";
    if (gate) tensors[ExpertKey(1, e, "gate") + a] = tensors.at(ExpertKey(1, 0, "gate") + a);
    if (up) tensors[ExpertKey(1, e, "up") + a] = tensors.at(ExpertKey(1, 0, "up") + a);
  }
  return tensors;
}

// The keys of A.
std::string KeysOfA(const Tensors& pairs, Value::Map config, bool fill_zero = false) {
  AdapterSourceOptions fill;
  ConversionOptions options;
  fill.fill_zero = options.fill_zero = fill_zero;
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", pairs, std::move(config), fill), "sharing", options);
  std::string out = made.findings;
  for (const auto& [key, tensor] : made.tensors) {
    if (key.ends_with(".A")) out += key.substr(std::string("model.layers.1.experts.").size()) + " ";
  }
  return out;
}

TEST_CASE("stored once only what is equal over all experts") {
  CHECK(KeysOfA(Shared(true, true), RankConfig(6, 6)) == "gate.A up.A ");
  const std::string each = "0.gate.A 0.up.A 1.gate.A 1.up.A 2.gate.A 2.up.A ";
  CHECK(KeysOfA(Shared(true, false), RankConfig(6, 6)) == each);
  CHECK(KeysOfA(Shared(false, false), RankConfig(6, 6)) == each);
}

TEST_CASE("equal A of unequal scales are no one A") {
  Value::Map config = RankConfig(6, 6);
  config.push_back({"alpha_pattern", Value::Map{{"2.up", 12}}});
  CHECK(KeysOfA(Shared(true, true), config) == "0.gate.A 0.up.A 1.gate.A 1.up.A 2.gate.A 2.up.A ");
}

TEST_CASE("an expert that lacks does not get what the others share") {
  Tensors pairs = Shared(true, true);
  std::erase_if(pairs,
                [](const auto& one) { return one.first.find("experts.1.") != std::string::npos; });
  CHECK(KeysOfA(pairs, RankConfig(6, 6), true) == "0.gate.A 0.up.A 2.gate.A 2.up.A ");
}

TEST_CASE("what is shared goes there and back") {
  const Tensors pairs = Shared(true, true);
  const ConvertedAdapter made =
      ConvertAdapter(BindAdapter("pair", pairs, RankConfig(6, 6)), "sharing");
  REQUIRE(made.findings == "");
  CHECK(made.tensors.at("model.layers.1.experts.up.A") ==
        Matrix(6, kHidden, [](int64_t r, int64_t c) { return Code(kUp, 1, 0, r, c); }));
  CHECK(ConvertAdapter(BindAdapter("sharing", made.tensors, RankConfig(6, 6)), "pair").findings ==
        "");
}

}  // namespace
}  // namespace rr
