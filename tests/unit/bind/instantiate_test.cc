#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "bind/bound_layout.h"
#include "unit/rule_text.h"

namespace rr {
namespace {

using Sizes = std::map<std::string, int64_t>;

// Every stored tensor, then its pieces: tensor[fixed indices] from where, each axis as digits.
std::string Bound(const std::string& text, const char* layout, const Sizes& sizes,
                  Value::Map config = {}, bool pieces = true) {
  const auto rules = GoodRules(text);
  const Model model(*rules, Config(Value(std::move(config))), sizes);
  Diagnostics diagnostics;
  const CheckedLayout& checked = *rules->FindLayout(layout);
  const auto bound = Instantiate(model, checked, DefaultChoice(checked), {}, &diagnostics);
  if (!bound) return Findings(diagnostics);
  CHECK(Findings(diagnostics) == "");
  std::string out;
  for (uint32_t t = 0; t < bound->tensors.size(); ++t) {
    const BoundTensor& tensor = bound->tensors[t];
    out += fmt::format("{} [{}]{}\n", tensor.key, fmt::join(tensor.shape, ", "),
                       tensor.unknown_axis.empty() ? "" : " needs " + tensor.unknown_axis);
    if (!pieces) continue;
    for (const BoundPiece& piece : bound->pieces) {
      if (piece.stored != t) continue;
      const BoundLeaf& leaf = bound->leaves[piece.leaf];
      const LogicalTensor& logical = rules->tensors[static_cast<size_t>(leaf.tensor)];
      out += fmt::format("  {} from {}:", logical.name, piece.start);
      for (size_t a = 0; a < leaf.axes.size(); ++a) {
        out += " " + logical.axes[a] + "=";
        if (leaf.axes[a].fixed) out += std::to_string(piece.fixed[a]);
        for (const auto& digit : leaf.axes[a].digits) {
          if (!leaf.axes[a].fixed) out += fmt::format("({}*{})", digit.n, digit.stride);
        }
      }
      out += leaf.tied ? " tied\n" : "\n";
    }
  }
  return out;
}

TEST_CASE("captures, fused dimensions, offsets") {
  CHECK(Bound("axes: {L: l, I: i, H: h}\nlayouts: {a: {}}\n"
              "blocks: {b: {tensors: {gate: L I H, up: L I H}, layouts: {a: {'x.{L}': '{gate[I] | "
              "up[I]} H'}}}}\n",
              "a", {{"L", 2}, {"I", 3}, {"H", 5}}) ==
        "x.0 [6, 5]\n"
        "  gate from 0: L=0 I=(3*5) H=(5*1)\n"
        "  up from 15: L=0 I=(3*5) H=(5*1)\n"
        "x.1 [6, 5]\n"
        "  gate from 0: L=1 I=(3*5) H=(5*1)\n"
        "  up from 15: L=1 I=(3*5) H=(5*1)\n");
}

TEST_CASE("a key of no index needs no size of what else it captures") {
  const char* text =
      "axes: {L: l, E: e, H: h}\nkinds: {k: {moe: L >= first, dense: else}}\nlayouts: {a: {}}\n"
      "blocks: {m: {where: moe, tensors: {w: L E H}, layouts: {a: {'w.{L}.{E}': H}}}}\n";
  CHECK(Bound(text, "a", {{"L", 2}, {"H", 3}}, {{"first", 2}}) == "");
  CHECK(Bound(text, "a", {{"L", 2}, {"H", 3}}, {{"first", 1}}).starts_with("RR404"));
}

TEST_CASE("one factor of an index in the key, the other in the shape") {
  CHECK(Bound("axes: {L: l, B: b, J: j, H: h}\n"
              "layouts: {a: {refine: {L: B J}, place: {L: {'layer_{J}.': B}}}}\n"
              "blocks: {b: {tensors: {w: L H}, layouts: {a: {'{L}w': 'w[H L]'}}}}\n",
              "a", {{"L", 6}, {"B", 3}, {"J", 2}, {"H", 5}}) ==
        "layer_0.w [5, 3]\n"
        "  w from 0: L=0 H=(5*3)\n  w from 1: L=2 H=(5*3)\n  w from 2: L=4 H=(5*3)\n"
        "layer_1.w [5, 3]\n"
        "  w from 0: L=1 H=(5*3)\n  w from 1: L=3 H=(5*3)\n  w from 2: L=5 H=(5*3)\n");
}

TEST_CASE("a refinement as a dimension keeps its digits") {
  CHECK(Bound("axes: {D: d, Two: '2', Half: D / 2}\nlayouts: {a: {refine: {D: Two Half}}}\n"
              "blocks: {b: {tensors: {w: D}, layouts: {a: {w: (Half Two)}}}}\n",
              "a", {{"D", 6}}) == "w [6]\n  w from 0: D=(2*1)(3*2)\n");
}

const char* kGemma4 =
    "axes: {L: n, C: c, B: n // C, J: C - 1, Rest: n % C, H: h, "
    "D: {global: '(global_head_dim ?? head_dim)', local: head_dim}}\n"
    "kinds: {k: {global: '(L + 1) % c == 0', local: else}}\n"
    "layouts:\n"
    "  hub: {place: {L: 'layers.{L}.'}}\n"
    "  scanned:\n"
    "    refine: {L: '{(B {J | 1}) | Rest}'}\n"
    "    place: {L: {'local-': B J, 'global-': B, 'rest_{Rest}-': ''}}\n"
    "blocks: {b: {tensors: {w: L D}, layouts: {hub: {'{L}w': D}, scanned: {'{L}w': 'w[L D]'}}}}\n";

TEST_CASE("blocks of local and global layers, then a remainder; a size by kind") {
  const Value::Map config = {{"n", 8}, {"c", 3}, {"head_dim", 5}, {"global_head_dim", 7}};
  CHECK(Bound(kGemma4, "scanned", {}, config) ==
        "local-w [2, 2, 5]\n"
        "  w from 0: L=0 D=(5*1)\n  w from 5: L=1 D=(5*1)\n"
        "  w from 10: L=3 D=(5*1)\n  w from 15: L=4 D=(5*1)\n"
        "global-w [2, 7]\n"
        "  w from 0: L=2 D=(7*1)\n  w from 7: L=5 D=(7*1)\n"
        "rest_0-w [5]\n  w from 0: L=6 D=(5*1)\n"
        "rest_1-w [5]\n  w from 0: L=7 D=(5*1)\n");
  CHECK(Bound(kGemma4, "hub", {}, {{"n", 3}, {"c", 3}, {"head_dim", 5}, {"global_head_dim", 7}},
              false) == "layers.0.w [5]\nlayers.1.w [5]\nlayers.2.w [7]\n");
}

TEST_CASE("more values than a key has words for are refused") {
  const char* text =
      "axes: {P: '2', H: h}\nlayouts: {a: {}}\n"
      "blocks: {b: {tensors: {w: P H}, layouts: {a: {'{P:gate|up}.w': H}}}}\n";
  CHECK(Bound(text, "a", {{"H", 3}}, {}, false) == "gate.w [3]\nup.w [3]\n");
  CHECK(Bound(text, "a", {{"P", 3}, {"H", 5}}) ==
        "RR405 `{P:gate|up}.w` P is 3 or more here, but this key has words for 2 values");
}

TEST_CASE("sizes that differ within one stack are refused") {
  CHECK(
      Bound(
          "axes: {L: n, D: {global: '7', local: '5'}}\nkinds: {k: {global: L == 1, local: else}}\n"
          "layouts: {a: {}}\nblocks: {b: {tensors: {w: L D}, layouts: {a: {w: L D}}}}\n",
          "a", {{"L", 3}}) == "RR405 `w` D differs between the values of L that this key stacks");
}

TEST_CASE(
    "a guarded index keeps its value in a key, is a rank in a shape, and must be a product over "
    "factors") {
  const char* text =
      "axes: {L: n, B: b, J: j, H: h}\nkinds: {k: {full: L in full_layers, other: else}}\n"
      "layouts: {key: {}, stack: {}, cycle: {refine: {L: B J}}}\n"
      "blocks: {b: {where: full, tensors: {w: L H}, layouts: {key: {'w.{L}': H}, stack: {w: L H}, "
      "cycle: {w: B J H}}}}\n";
  const auto layers = [](std::vector<int> values) {
    Value::List list;
    for (const int value : values) list.emplace_back(value);
    return Value::Map{{"full_layers", std::move(list)}};
  };
  const Sizes sizes = {{"L", 6}, {"B", 3}, {"J", 2}, {"H", 2}};
  CHECK(Bound(text, "key", sizes, layers({1, 3, 5}), false) == "w.1 [2]\nw.3 [2]\nw.5 [2]\n");
  CHECK(Bound(text, "stack", sizes, layers({1, 4, 5})) ==
        "w [3, 2]\n  w from 0: L=1 H=(2*1)\n  w from 2: L=4 H=(2*1)\n  w from 4: L=5 H=(2*1)\n");
  CHECK(Bound(text, "cycle", sizes, layers({1, 3, 5})) ==
        "w [3, 1, 2]\n  w from 0: L=1 H=(2*1)\n  w from 2: L=3 H=(2*1)\n  w from 4: L=5 H=(2*1)\n");
  CHECK(Bound(text, "cycle", sizes, layers({0, 3, 5})) ==
        "RR407 `w` the values 0, 3, 5 of L that this key stacks are not a product");
  CHECK(Bound(text, "stack", sizes, {}) ==
        "RR404 `full` whether block `b` exists at L = 0 is unknown: the config lacks what `full` "
        "needs");
  CHECK(Bound(text, "stack", sizes, layers({}), false) == "");
}

TEST_CASE("a sum in one key: both parts of an index, in an order of its own") {
  CHECK(Bound("axes: {L: l, N: n, M: m, H: h}\nlayouts: {a: {refine: {L: '{N | M}'}}}\n"
              "blocks: {b: {tensors: {w: L H}, layouts: {a: {w: 'w[{M | N} H]'}}}}\n",
              "a", {{"L", 3}, {"N", 2}, {"M", 1}, {"H", 5}}) ==
        "w [3, 5]\n"
        "  w from 0: L=2 H=(5*1)\n"
        "  w from 5: L=0 H=(5*1)\n"
        "  w from 10: L=1 H=(5*1)\n");
}

TEST_CASE("a refinement must be as long as its axis, wherever it is used") {
  const char* text =
      "axes: {K: k, T: t, Kt: kt, H: h}\nlayouts: {a: {refine: {K: T Kt}}, b: {refine: {K: T "
      "Kt}}}\n"
      "blocks: {b: {tensors: {w: K H}, layouts: {a: {w: T H Kt}, b: {'w.{T}': Kt H}}}}\n";
  for (const char* layout : {"a", "b"}) {
    CAPTURE(layout);
    CHECK(Bound(text, layout, {{"K", 7}, {"T", 2}, {"Kt", 3}, {"H", 5}}) ==
          fmt::format("RR405 `{}` layout `{}` writes K = 7 as Kt*T = 6", layout, layout));
  }
  CHECK(Bound(text, "b", {{"K", 6}, {"T", 2}, {"Kt", 3}, {"H", 5}}, {}, false) ==
        "w.0 [3, 5]\nw.1 [3, 5]\n");
}

TEST_CASE("pads, unknown sizes, sizes of zero") {
  const char* text =
      "axes: {V: v, H: h, Vp: {free: 'ceil_div(V, 4) * 4'}}\nlayouts: {a: {}}\n"
      "blocks: {b: {tensors: {w: V H}, layouts: {a: {w: {is: V H, pad: {to: Vp}}}}}}\n";
  CHECK(Bound(text, "a", {{"V", 5}, {"H", 3}}) == "w [8, 3]\n  w from 0: V=(5*3) H=(3*1)\n");
  CHECK(Bound(text, "a", {{"V", 5}}) == "w [8, -1] needs H\n");
  CHECK(Bound(text, "a", {{"V", 5}, {"H", 3}, {"Vp", 4}}) ==
        "RR405 `{to: Vp}` padding 5 to 4 would cut it");
  CHECK(Bound(text, "a", {{"V", 0}, {"H", 3}}) == "w [0, 3]\n  w from 0: V=(0*3) H=(3*1)\n");
}

TEST_CASE("a captured axis must have a size, and not an absurd one") {
  const char* text =
      "axes: {L: n, H: h}\nlayouts: {a: {}}\nblocks: {b: {tensors: {w: L H}, layouts: {a: "
      "{'w.{L}': H}}}}\n";
  CHECK(Bound(text, "a", {{"H", 3}}) == "RR404 `w.{L}` the size of L is unknown");
  CHECK(Bound(text, "a", {{"L", 1'000'000'000}, {"H", 3}}) ==
        "RR405 `w.{L}` the sizes ask for 1000000000 tensors of this key");
}

TEST_CASE("copies lie behind each other, the first on their own; there are not too many") {
  const char* text =
      "axes: {G: g, H: h, T: t}\nlayouts: {a: {}}\n"
      "blocks: {b: {tensors: {w: G H}, layouts: {a: {w: (G =T) H}}}}\n";
  CHECK(Bound(text, "a", {{"G", 3}, {"H", 5}, {"T", 2}}) ==
        "w [6, 5]\n  w from 0: G=(3*10) H=(5*1)\n  w from 5: G=(3*10) H=(5*1) tied\n");
  CHECK(Bound(text, "a", {{"G", 3}, {"H", 5}, {"T", 5000}}) ==
        "RR405 `w` T is 5000: an element has at most 4096 copies in a key");
  CHECK(Bound(text, "a", {{"G", 3}, {"H", 5}, {"T", 0}}) ==
        "RR405 `w` T is 0: the key has no copy of what it stores");
}

TEST_CASE("copies of copies: all of them count") {
  const char* text =
      "axes: {G: g, T: t, U: u}\nlayouts: {a: {}}\n"
      "blocks: {b: {tensors: {w: G}, layouts: {a: {w: (=T G) =U}}}}\n";
  CHECK(Bound(text, "a", {{"G", 3}, {"T", 2}, {"U", 2}}) ==
        "w [6, 2]\n  w from 0: G=(3*2)\n  w from 6: G=(3*2) tied\n  w from 1: G=(3*2) tied\n"
        "  w from 7: G=(3*2) tied\n");
  CHECK(Bound(text, "a", {{"G", 3}, {"T", 100}, {"U", 50}}) ==
        "RR405 `w` T*U is 5000: an element has at most 4096 copies in a key");
}

TEST_CASE("words in keys") {
  const char* text =
      "axes: {P: [gate, up], H: h}\nlayouts: {a: {}}\n"
      "blocks: {b: {tensors: {w: P H}, layouts: {a: {'{P}_proj': H}}}}\n";
  CHECK(Bound(text, "a", {{"H", 3}}, {}, false) == "gate_proj [3]\nup_proj [3]\n");
}

TEST_CASE("kinds that keep two keys apart, and still meet in a stack") {
  CHECK(Bound("axes: {L: n, H: h}\nkinds: {k: {one: L == 0, two: else}}\nlayouts: {a: {}}\n"
              "blocks: {x: {where: one, tensors: {w: L H}, layouts: {a: {w: L H}}}, "
              "y: {where: two, tensors: {v: L H}, layouts: {a: {w: L H}}}}\n",
              "a", {{"L", 2}, {"H", 3}}) ==
        "RR207 `w` layout `a` would store two things in w for this config");
}

TEST_CASE("what two entries store: equal over layouts exactly when it is the same") {
  const auto rules = GoodRules(
      "axes: {K: k, T: t, Kt: kt, H: h}\n"
      "layouts: {a: {refine: {K: T Kt}}, b: {refine: {K: Kt T}}, c: {refine: {K: T Kt}}}\n"
      "blocks: {b: {tensors: {w: K H}, layouts: {a: {w: (T Kt) H}, b: {w: (T Kt) H}, c: {x: (T Kt) "
      "H}}}, "
      "p: {tensors: {w: H}, layouts: {a: {p: H}, b: {q: H}, c: {p: (H)}}}}\n");
  const auto words = [&](const char* layout, size_t entry) {
    const CheckedLayout& checked = *rules->FindLayout(layout);
    return StorageOf(checked, checked.entries[entry]);
  };
  CHECK(words("a", 0) == words("c", 0));
  CHECK(words("a", 0) != words("b", 0));
  CHECK(words("a", 1) == words("b", 1));
  CHECK(words("a", 1) == words("c", 1));
}

}  // namespace
}  // namespace rr
