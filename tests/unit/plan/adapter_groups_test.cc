#include "plan/adapter_groups.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/bind/adapter_case.h"

namespace rr {
namespace {

using Lines = std::vector<std::string>;

ReadTensor ReaderOf(const AdapterCase& made) {
  return [&made](uint32_t key) { return made.bytes[key]; };
}

// Per group: the keys that hold it, the slices, and what was decided.
std::string Show(const AdapterCase& made, const std::vector<SliceGroup>& groups) {
  std::string out;
  for (const SliceGroup& group : groups) {
    for (const uint32_t stored : group.stored) {
      const std::string& key = made.adapter->sliced.bound.tensors[stored].key;
      out += key.substr(key.find("layers.")) + " ";
    }
    out += "|";
    for (const SliceKey& slice : group.slices) out += " " + SliceName(*made.rules, slice);
    out += "\n";
  }
  return out;
}

TEST_CASE("slices that share a stored tensor are one group, partners are one group") {
  Tensors folded;
  folded[LayerKey(0) + "experts.gate_up.lora_A.weight"] = {{18, 7}, std::vector<double>(126)};
  folded[LayerKey(0) + "experts.gate_up.lora_B.weight"] = {{10, 18}, std::vector<double>(180)};
  folded[LayerKey(1) + "qv.lora_A.weight"] = {{8, 7}, std::vector<double>(56)};
  folded[LayerKey(1) + "qv.lora_B.weight"] = {{15, 8}, std::vector<double>(120)};
  const AdapterCase made = BindAdapter("folded", folded, std::nullopt);
  REQUIRE(made.findings == "");
  CHECK(Show(made, GroupSlices(made.adapter->sliced)) ==
        "layers.0.experts.gate_up.lora_A.weight layers.0.experts.gate_up.lora_B.weight | "
        "experts.gate at layer 0, expert 0 experts.gate at layer 0, expert 1 "
        "experts.gate at layer 0, expert 2 experts.up at layer 0, expert 0 "
        "experts.up at layer 0, expert 1 experts.up at layer 0, expert 2\n"
        "layers.1.qv.lora_A.weight layers.1.qv.lora_B.weight | attention.q at layer 1 "
        "attention.v at layer 1\n");
  const AdapterCase apart = BindAdapter("pair", ExpertPairs(false), RankConfig(6, 6));
  CHECK(GroupSlices(apart.adapter->sliced).size() == 9);
}

// B of q (11 outputs) and v (4), where q has values at the first ranks and v at others.
std::string OwnOf(int64_t rank, const std::function<bool(bool is_q, int64_t r)>& nonzero,
                  bool look = true, bool readable = true) {
  Tensors tensors;
  tensors[LayerKey(1) + "qv.lora_A.weight"] =
      Matrix(rank, kHidden, [](int64_t r, int64_t c) { return Code(1, 0, 0, r, c); });
  tensors[LayerKey(1) + "qv.lora_B.weight"] = Matrix(kQ + kV, rank, [&](int64_t o, int64_t r) {
    return o % 3 == 1 && nonzero(o < kQ, r) ? 1 : 0;
  });
  const AdapterCase made = BindAdapter("folded", tensors, std::nullopt);
  REQUIRE(made.findings == "");
  FactorValues values(*made.source, made.adapter->sliced, made.table,
                      readable ? ReaderOf(made) : ReadTensor());
  Lines notes;
  std::string out;
  const std::vector<SliceGroup> each_apart;
  for (const auto& [slice, ranks] :
       OwnRanks(*made.adapter, look ? &each_apart : nullptr, &values, &notes))
    out += fmt::format("{}+{} ", ranks.first, ranks.rank);
  return out + (notes.empty() ? "" : "noted");
}

TEST_CASE("blocks that fill all ranks, equal or not") {
  CHECK(OwnOf(10, [](bool q, int64_t r) { return q == (r < 5); }) == "0+5 5+5 noted");
  CHECK(OwnOf(10, [](bool q, int64_t r) { return q == (r < 7); }) == "0+7 7+3 noted");
  CHECK(OwnOf(10, [](bool q, int64_t r) { return q == (r < 1); }) == "0+1 1+9 noted");
}

TEST_CASE("zeros at a border: equal blocks where that is possible") {
  // q 0..2, v 6..9: the border is somewhere between; 5 is the equal one.
  CHECK(OwnOf(10, [](bool q, int64_t r) { return q ? r < 3 : r >= 6; }) == "0+5 5+5 noted");
  // Holes within a block.
  CHECK(OwnOf(10, [](bool q, int64_t r) { return q ? r == 0 || r == 4 : r == 5 || r == 8; }) ==
        "0+5 5+5 noted");
  // No equal border fits, and an odd rank has none: nothing is cut.
  CHECK(OwnOf(10, [](bool q, int64_t r) { return q ? r < 6 : r >= 8; }) == "0+10 0+10 ");
  CHECK(OwnOf(9, [](bool q, int64_t r) { return q ? r < 3 : r >= 6; }) == "0+9 0+9 ");
}

TEST_CASE("what is no block-diagonal matrix keeps its ranks") {
  CHECK(OwnOf(10, [](bool, int64_t) { return true; }) == "0+10 0+10 ");
  CHECK(OwnOf(10, [](bool, int64_t) { return false; }) == "0+10 0+10 ");
  CHECK(OwnOf(10, [](bool q, int64_t r) { return q && r < 5; }) == "0+10 0+10 ");  // v is zero
  CHECK(OwnOf(10, [](bool q, int64_t r) { return q ? r < 6 : r >= 5; }) == "0+10 0+10 ");
  CHECK(OwnOf(10, [](bool q, int64_t r) { return q == (r >= 5); }) == "0+10 0+10 ");  // v first
  CHECK(OwnOf(10, [](bool q, int64_t r) { return q == (r % 2 == 0); }) == "0+10 0+10 ");
}

TEST_CASE("nobody looks, or nothing can be read") {
  const auto halves = [](bool q, int64_t r) { return q == (r < 5); };
  CHECK(OwnOf(10, halves, false) == "0+10 0+10 ");
  CHECK(OwnOf(10, halves, true, false) == "0+10 0+10 ");
}

TEST_CASE("what the destination stores together is one part, though its blocks are two tensors'") {
  // gate and up of each expert are blocks; stored together again, they have nothing to be cut into.
  Tensors tensors;
  tensors[LayerKey(1) + "experts.gate_up.lora_A.weight"] =
      Matrix(18, kHidden, [](int64_t r, int64_t c) { return Code(1, 0, 0, r, c); });
  tensors[LayerKey(1) + "experts.gate_up.lora_B.weight"] = Matrix(
      2 * kFfn, 18,
      [](int64_t o, int64_t column) { return (o < kFfn) == (column / kExperts < 2) ? 1 : 0; });
  const AdapterCase made = BindAdapter("folded", tensors, std::nullopt);
  REQUIRE(made.findings == "");
  FactorValues values(*made.source, made.adapter->sliced, made.table, ReaderOf(made));
  const auto own = [&](const std::vector<SliceGroup>& apart) {
    Lines notes;
    std::string out;
    for (const auto& [slice, ranks] : OwnRanks(*made.adapter, &apart, &values, &notes))
      out += fmt::format("{}+{} ", ranks.first, ranks.rank);
    return out;
  };
  CHECK(own({}) == "0+2 0+2 0+2 2+4 2+4 2+4 ");
  CHECK(own(GroupSlices(made.adapter->sliced)) == "0+6 0+6 0+6 0+6 0+6 0+6 ");
}

// q and v of `pair`, joined as `folded` stores them.
struct Joined {
  SliceGroup group;
  std::string findings;
  Lines notes;
};
Joined JoinQv(const Tensors& pairs, Value::Map config, const ConversionOptions& options = {}) {
  const AdapterCase made = BindAdapter("pair", pairs, std::move(config));
  REQUIRE(made.findings == "");
  FactorValues values(*made.source, made.adapter->sliced, made.table, ReaderOf(made));
  Joined joined;
  Diagnostics diagnostics;
  const auto own = OwnRanks(*made.adapter, nullptr, &values, &joined.notes);
  std::vector<SliceGroup> groups(1);
  for (const auto& [slice, facts] : made.adapter->facts) groups[0].slices.push_back(slice);
  JoinRanks(*made.adapter, *made.rules, own, options, &values, &groups, &joined.notes,
            &diagnostics);
  joined.group = groups[0];
  joined.findings = Findings(diagnostics);
  return joined;
}

TEST_CASE("where the ranks of each part begin, and the scale of the group") {
  Tensors pairs;
  PutPair(&pairs, LayerKey(1) + "q", kTagQ, 1, 0, 8, kHidden, kQ);
  PutPair(&pairs, LayerKey(1) + "v", kTagV, 1, 0, 6, kHidden, kV);
  const Value::Map config{{"r", 8}, {"lora_alpha", 2}, {"rank_pattern", Value::Map{{"v", 6}}}};
  const Joined joined = JoinQv(pairs, config);
  std::vector<int64_t> first;
  for (const auto& [weight, begin] : joined.group.first) first.push_back(begin);
  CHECK(first == std::vector<int64_t>{0, 8});
  CHECK(joined.group.rank == 14);
  CHECK(joined.group.scale == 0.25);  // of q, the first
  CHECK(joined.group.alpha == 3.5);
  CHECK(joined.notes.size() == 1);
}

TEST_CASE("equal A of equal rank are one; an A of another rank is not") {
  Tensors pairs;
  PutPair(&pairs, LayerKey(1) + "q", kTagQ, 1, 0, 6, kHidden, kQ);
  PutPair(&pairs, LayerKey(1) + "v", kTagV, 1, 0, 6, kHidden, kV, kTagQ);
  const Joined joined = JoinQv(pairs, RankConfig(6, 3));
  CHECK(joined.group.rank == 6);
  CHECK(joined.group.alpha == 3);
  CHECK(joined.notes == Lines{"1 modules have one A for all their parts"});
  // Equal is equal to the bit: -0 is another A.
  Tensor& a = pairs.at(LayerKey(1) + "v.lora_A.weight");
  a.values[3] = 0;
  pairs.at(LayerKey(1) + "q.lora_A.weight").values[3] = -0.0;
  CHECK(JoinQv(pairs, RankConfig(6, 3)).group.rank == 12);
}

}  // namespace
}  // namespace rr
