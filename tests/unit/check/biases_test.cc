// `bias:` of a linear, and what `optional` makes of it.
#include <doctest/doctest.h>

#include <string>

#include "unit/toy_adapters.h"

namespace rr {
namespace {

// The entries of all layouts with their blocks.
std::string Blocks(const CheckedRules& rules) {
  std::string out;
  for (const CheckedLayout& layout : rules.layouts) {
    out += layout.name.text + "\n";
    for (const CheckedEntry& entry : layout.entries)
      out += fmt::format("  {}{}: {} = {}\n",
                         rules.file->blocks[static_cast<size_t>(entry.block)].name.text,
                         rules.file->blocks[static_cast<size_t>(entry.block)].optional ? "?" : "",
                         entry.key.ToString(), ToString(entry.expr));
  }
  return out;
}

std::string Rules(const std::string& q, const std::string& v) {
  return "axes: {L: l, Q: q, V: v, H: h}\n"
         "layouts: {a: {place: {L: 'x.{L}.'}}, b: {place: {L: {'s.': L}}}}\n"
         "blocks: {attn: {tensors: {q: {is: 'L : Q <- H', bias: " +
         q + "}, v: {is: 'L : V <- H', bias: " + v +
         "}}, layouts: {a: {'{L}qv.weight': '{q[Q] | v[V]} H'}, "
         "b: {'{L}q-kernel': 'q[H L Q]', '{L}v-kernel': 'v[H L V]'}}}}\n";
}

TEST_CASE("yes: in the same block, with the expression of the weight less its input") {
  CHECK(Blocks(*GoodRules(Rules("yes", "yes"))) ==
        "a\n"
        "  attn: x.{L}.qv.weight = {q[Q] | v[V]} H\n"
        "  attn: x.{L}.qv.bias = {q_bias[Q] | v_bias[V]}\n"
        "b\n"
        "  attn: s.q-kernel = q[H L Q]\n"
        "  attn: s.v-kernel = v[H L V]\n"
        "  attn: s.q-bias = q_bias[L Q]\n"
        "  attn: s.v-bias = v_bias[L V]\n");
}

TEST_CASE("copies of outputs stay, copies of inputs go with them") {
  CHECK(Blocks(*GoodRules("axes: {Q: q, H: h, T: t}\nlayouts: {a: {}, b: {}}\n"
                          "blocks: {attn: {tensors: {q: {is: 'Q <- H', bias: yes}}, layouts: "
                          "{a: {q.weight: '(Q =T) H'}, b: {q.weight: 'Q (H =T)'}}}}\n")) ==
        "a\n"
        "  attn: q.weight = q[(Q =T) H]\n"
        "  attn: q.bias = q_bias[(Q =T)]\n"
        "b\n"
        "  attn: q.weight = q[Q (H =T)]\n"
        "  attn: q.bias = q_bias[Q]\n");
}

TEST_CASE("optional: in a block of their own, which the checkpoint decides") {
  CHECK(Blocks(*GoodRules(Rules("optional", "optional"))) ==
        "a\n"
        "  attn: x.{L}.qv.weight = {q[Q] | v[V]} H\n"
        "  attn_bias?: x.{L}.qv.bias = {q_bias[Q] | v_bias[V]}\n"
        "b\n"
        "  attn: s.q-kernel = q[H L Q]\n"
        "  attn: s.v-kernel = v[H L V]\n"
        "  attn_bias?: s.q-bias = q_bias[L Q]\n"
        "  attn_bias?: s.v-bias = v_bias[L V]\n");
}

TEST_CASE("optional: what a table says itself goes with it; where, variants and kinds stay") {
  const auto rules = GoodRules(
      "axes: {L: l, Q: q, H: h}\nkinds: {k: {full: L % 2 == 0, other: else}}\nlayouts: {a: {}}\n"
      "blocks: {attn: {where: full, tensors: {q: {is: 'L : Q <- H', bias: optional}}, layouts: {a: "
      "{'one of': {x: {'{L}.w': 'q[Q H]', '{L}.b': 'q_bias[Q]'}, "
      "y: {'{L}.qweight': 'q[H Q]'}}}}}}\n");
  CHECK(Blocks(*rules) ==
        "a\n"
        "  attn: {L}.w = q[Q H]\n"
        "  attn: {L}.qweight = q[H Q]\n"
        "  attn_bias?: {L}.b = q_bias[Q]\n"
        "  attn_bias?: {L}.qbias = q_bias[Q]\n");
  REQUIRE(rules->file->blocks.size() == 2);
  CHECK(rules->file->blocks[1].name.text == "attn_bias");
  CHECK(rules->file->blocks[1].where->text().text == "full");
  CHECK(rules->layouts[0].variant_counts == std::vector<int>{2, 2});
}

TEST_CASE("a bias of what has no input") {
  for (const char* kind : {"yes", "optional"}) {
    CAPTURE(kind);
    CHECK(
        FindingsOf(fmt::format("axes: {{H: h}}\nlayouts: {{a: {{}}}}\n"
                               "blocks: {{b: {{tensors: {{w: {{is: H, bias: {}}}}}, layouts: {{a: "
                               "{{w: H}}}}}}}}\n",
                               kind))
            .starts_with("RR211"));
  }
}

}  // namespace
}  // namespace rr
