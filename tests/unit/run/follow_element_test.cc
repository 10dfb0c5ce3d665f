#include "run/follow_element.h"

#include <doctest/doctest.h>

#include <cstring>

#include "bind/rule_library.h"
#include "io/memory_files.h"
#include "run/synth.h"

namespace rr {
namespace {

std::vector<std::byte> Floats(const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TEST_CASE("the first element that is not what it was") {
  const FoundKey key{"w", std::vector<int64_t>{2, 3}, Dtype::kF32};
  const auto was = Floats({1, 2, 3, 4, 5, 6});
  CHECK(!FirstWrong(was, was, 0));
  const auto wrong = FirstWrong(was, Floats({1, 2, 3, 4, 7, 0}), 0);
  REQUIRE(wrong);
  CHECK(DoesNotComeBack(key, *wrong) == "w comes back with another value at [1, 1]: 7 was 5");
  CHECK(!FirstWrong(was, Floats({1, 2, 3, 4, 5.000001F, 6}), 1e-6F));
  CHECK(DoesNotComeBack(key, *FirstWrong(was, Floats({1}), 0)) == "w comes back with another size");
}

TEST_CASE("an element is followed into the other layout") {
  MemoryFiles files;
  files.Put("/rules/toy.yaml",
            "rule-runner: 1\nfamily: toy\naxes: {L: layers, I: inner, H: hidden}\n"
            "layouts: {hub: {}, fused: {}}\n"
            "blocks:\n"
            "  mlp:\n"
            "    tensors: {gate: 'L : I <- H', up: 'L : I <- H'}\n"
            "    layouts:\n"
            "      hub: {'{L}.gate': 'gate[I H]', '{L}.up': 'up[I H]'}\n"
            "      fused: {gate_up: 'H L {gate[I] | up[I]}'}\n");
  Diagnostics diagnostics;
  RuleLibrary library(files, {"/rules"});
  const RulesPtr rules = library.Load("toy", &diagnostics);
  REQUIRE(rules != nullptr);
  REQUIRE(rules->valid);
  const std::map<std::string, int64_t> sizes{{"L", 2}, {"I", 5}, {"H", 3}};
  const Model model(*rules, {}, sizes);
  const CheckedLayout& hub = *rules->FindLayout("hub");
  const auto table = SyntheticKeys(
      model, hub, Dtype::kF32, [](size_t) { return true; }, &diagnostics);
  REQUIRE(table);
  const auto source = BindSource(*rules, hub, {}, sizes, *table, {}, &diagnostics);
  REQUIRE(source);
  const auto conversion =
      BuildConversion(*source, *table, *rules->FindLayout("fused"), {}, &diagnostics);
  REQUIRE(conversion);
  REQUIRE(!diagnostics.HasErrors());
  CHECK(FollowElement(*rules, *source, *conversion, table->by_name.at("1.up"), 4 * 3 + 2) ==
        std::vector<std::string>{
            "in `fused` it is at gate_up [2, 1, 9]",
            "in `hub` up[l, i, h] is at {L}.up [i, h]",
            "in `fused` up[l, i, h] is at gate_up [h, l, I + i]",
        });
}

}  // namespace
}  // namespace rr
