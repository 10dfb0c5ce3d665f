#include "plan/factor_values.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/bind/adapter_case.h"

namespace rr {
namespace {

ReadTensor ReaderOf(const AdapterCase& made, int* reads = nullptr) {
  return [&made, reads](uint32_t key) {
    if (reads != nullptr) ++*reads;
    return made.bytes[key];
  };
}

const SlicePieces& SliceOf(const AdapterCase& made, const std::string& name) {
  for (const auto& [slice, pieces] : made.adapter->sliced.slices) {
    if (SliceName(*made.rules, slice) == name) return pieces;
  }
  FAIL("no slice " << name);
  return made.adapter->sliced.slices.begin()->second;
}

// Folded factors of gate and up, where expert 2 has the A of expert 0.
Tensors Folded() {
  Tensors tensors;
  tensors[LayerKey(0) + "experts.gate_up.lora_A.weight"] =
      Matrix(18, kHidden, [](int64_t row, int64_t c) {
        return Code(kGate, 0, row / 6 == 2 ? 0 : row / 6, row % 6, c);
      });
  tensors[LayerKey(0) + "experts.gate_up.lora_B.weight"] =
      Matrix(10, 18, [](int64_t o, int64_t column) {
        const int64_t e = column % kExperts, r = column / kExperts;
        if (e == 1) return r == 1 ? -0.0 : 0.0;
        return o == 3 && r % 2 == 0 ? 1e-40 : 0.0;  // subnormal, and only of gate
      });
  return tensors;
}

TEST_CASE("slices of a folded tensor are compared element by element") {
  const AdapterCase made = BindAdapter("folded", Folded(), std::nullopt);
  REQUIRE(made.findings == "");
  int reads = 0;
  FactorValues values(*made.source, made.adapter->sliced, made.table, ReaderOf(made, &reads));
  const auto a = [&](const char* name) { return SliceOf(made, name).a; };
  CHECK(values.Equal(a("experts.gate at layer 0, expert 0"), a("experts.up at layer 0, expert 0")));
  CHECK(reads == 0);  // stored once
  CHECK(
      values.Equal(a("experts.gate at layer 0, expert 0"), a("experts.gate at layer 0, expert 2")));
  CHECK_FALSE(
      values.Equal(a("experts.gate at layer 0, expert 0"), a("experts.gate at layer 0, expert 1")));
  CHECK(reads == 1);  // kept
}

TEST_CASE("ranks that are not zero: the sign of a zero says nothing, a subnormal does") {
  const AdapterCase made = BindAdapter("folded", Folded(), std::nullopt);
  FactorValues values(*made.source, made.adapter->sliced, made.table, ReaderOf(made));
  const auto ranks = [&](const char* name) { return values.NonZeroRanks(SliceOf(made, name).b); };
  CHECK(ranks("experts.gate at layer 0, expert 0") ==
        std::vector<bool>{true, false, true, false, true, false});
  CHECK(ranks("experts.gate at layer 0, expert 1") == std::vector<bool>(6, false));
  CHECK(ranks("experts.up at layer 0, expert 0") == std::vector<bool>(6, false));
}

TEST_CASE("the order of the file does not count: a stack against itself") {
  Tensors tensors;
  Tensor a{{kLayers, kHidden, 6}, {}}, b{{kLayers, 6, kV}, {}};
  for (int64_t i = 0; i < kLayers * kHidden * 6; ++i)
    a.values.push_back(static_cast<double>(i % (kHidden * 6)));
  for (int64_t i = 0; i < kLayers * 6 * kV; ++i) b.values.push_back(i / kV == 6 + 4 ? 2 : 0);
  tensors["stack.v.lora_a"] = a;
  tensors["stack.v.lora_b"] = b;
  const AdapterCase made = BindAdapter("stacked", tensors, std::nullopt);
  REQUIRE(made.findings == "");
  FactorValues values(*made.source, made.adapter->sliced, made.table, ReaderOf(made));
  const SlicePieces& zero = SliceOf(made, "attention.v at layer 0");
  const SlicePieces& one = SliceOf(made, "attention.v at layer 1");
  CHECK(values.Equal(zero.a, one.a));
  CHECK_FALSE(values.Equal(zero.b, one.b));
  CHECK(values.NonZeroRanks(zero.b) == std::vector<bool>(6, false));
  CHECK(values.NonZeroRanks(one.b) == std::vector<bool>{false, false, false, false, true, false});
}

TEST_CASE("other dtypes: two bytes have their sign in the second; unequal dtypes are not equal") {
  Tensors tensors;
  PutPair(&tensors, LayerKey(0) + "q", kTagQ, 0, 0, 2, kHidden, kQ);
  PutPair(&tensors, LayerKey(0) + "v", kTagV, 0, 0, 2, kHidden, kV);
  for (auto& [key, tensor] : tensors) {
    std::fill(tensor.values.begin(), tensor.values.end(), -0.0);
    tensor.dtype = key.find(".q.") != std::string::npos ? Dtype::kBF16 : Dtype::kF64;
  }
  tensors[LayerKey(0) + "q.lora_B.weight"].values.back() = -1;
  const AdapterCase made = BindAdapter("pair", tensors, std::nullopt);
  REQUIRE(made.findings == "");
  FactorValues values(*made.source, made.adapter->sliced, made.table, ReaderOf(made));
  const SlicePieces& q = SliceOf(made, "attention.q at layer 0");
  const SlicePieces& v = SliceOf(made, "attention.v at layer 0");
  CHECK(values.NonZeroRanks(q.b) == std::vector<bool>{false, true});
  CHECK(values.NonZeroRanks(v.b) == std::vector<bool>{false, false});
  CHECK_FALSE(values.Equal(q.a, v.a));
}

TEST_CASE("copies within a key are read once") {
  const RulesOf rules = GoodAdapters(
      "axes: {Q: q, H: h, T: t}\nlayouts: {twice: {}}\n"
      "blocks: {b: {tensors: {w: 'Q <- H'}, layouts: {twice: {w: (Q =T) H}}}}\n",
      "rule-runner: 1\nstyles: {pair: {base: twice, modules: "
      "[{of: '(.*)', keys: {'\\1.A': R IN, '\\1.B': OUT R}}]}}\n");
  const KeyTable table = KeysOf({{"w.A", {3, 5}}, {"w.B", {4, 3}}});
  Diagnostics diagnostics;
  const auto source = BindSource(*rules, *rules->FindLayout("pair"),
                                 Config(Value(Value::Map{{"q", 2}, {"h", 5}, {"t", 2}})), {}, table,
                                 {}, &diagnostics);
  REQUIRE(Findings(diagnostics) == "");
  const SlicedLayout sliced = CutIntoSlices(source->layout, *rules);
  FactorValues values(*source, sliced, table, [&](uint32_t) {
    return BytesOf(Matrix(4, 3, [](int64_t, int64_t rank) { return rank == 1 ? 0.0 : 1.0; }));
  });
  CHECK(values.NonZeroRanks(sliced.slices.begin()->second.b) ==
        std::vector<bool>{true, false, true});
}

TEST_CASE("without a way to read only what is stored once is equal") {
  const AdapterCase made = BindAdapter("folded", Folded(), std::nullopt);
  FactorValues values(*made.source, made.adapter->sliced, made.table, {});
  const auto a = [&](const char* name) { return SliceOf(made, name).a; };
  CHECK(values.Equal(a("experts.gate at layer 0, expert 2"), a("experts.up at layer 0, expert 2")));
  CHECK_FALSE(
      values.Equal(a("experts.gate at layer 0, expert 0"), a("experts.gate at layer 0, expert 2")));
  CHECK(values.NonZeroRanks(SliceOf(made, "experts.up at layer 0, expert 0").b).empty());
}

}  // namespace
}  // namespace rr
