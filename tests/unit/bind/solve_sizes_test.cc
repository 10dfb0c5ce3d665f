#include "bind/solve_sizes.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "unit/rule_text.h"

namespace rr {
namespace {

// The sizes of all axes, "?" where unknown, and which of them only stand in for the true ones.
std::string Solved(const std::string& axes, const std::string& tensors, const std::string& table,
                   const std::vector<std::pair<std::string, std::vector<int64_t>>>& keys,
                   const std::map<std::string, int64_t>& given = {}, Value::Map config = {}) {
  const auto rules = GoodRules("axes: {" + axes +
                               "}\nkinds: {k: {full: L in full_layers, other: else}}\n"
                               "layouts: {a: {}}\nblocks: {b: {" +
                               tensors + ", layouts: {a: {" + table + "}}}}\n");
  const KeyTable found = KeysOf(keys);
  Model model(*rules, Config(Value(std::move(config))), given);
  const CheckedLayout& layout = rules->layouts[0];
  SolveSizes(layout, MatchKeys(layout, found), found, &model);
  std::string out;
  for (const AxisRule& axis : rules->file->axes) {
    const auto size = model.SizeOf(axis.name.text);
    out += fmt::format("{}={}{} ", axis.name.text, size ? std::to_string(*size) : "?",
                       model.IsStandIn(axis.name.text) ? " stands in" : "");
  }
  return out;
}

TEST_CASE("extents that are linear in one unknown, until nothing new is found") {
  CHECK(Solved("L: l, I: i, H: h", "tensors: {g: L I H, u: L I H}", "'x.{L}': '{g[I] | u[I]} H'",
               {{"x.0", {6, 5}}, {"x.4", {6, 5}}}) == "L=5 I=3 H=5 ");
  CHECK(Solved("L: l, G: g, D: d", "tensors: {q: L G D, n: L D}",
               "'q.{L}': 'q[(G D)]', 'n.{L}': 'n[D]'",
               {{"q.0", {12}}, {"n.0", {4}}}) == "L=1 G=3 D=4 ");
  CHECK(Solved("L: l, G: g, D: d", "tensors: {q: L G D}", "'q.{L}': 'q[(G D)]'", {{"q.0", {12}}}) ==
        "L=1 G=12 stands in D=1 stands in ");
  CHECK(Solved("L: l, G: g, D: d", "tensors: {q: L G D}", "'q.{L}': 'q[(G D)]'", {{"q.0", {12}}},
               {{"G", 3}}) == "L=1 G=3 D=4 ");
  // No whole number solves it: left open, the shape is reported later.
  CHECK(Solved("L: l, G: g, D: d", "tensors: {q: L G D}", "'q.{L}': 'q[(G D)]'", {{"q.0", {13}}},
               {{"G", 3}}) == "L=1 G=3 D=? ");
  CHECK(Solved("L: l, I: i", "tensors: {g: L I}", "'x.{L}': 'g[I]'", {{"x.0", {6, 5}}}) ==
        "L=1 I=? ");
}

TEST_CASE("a default is the last word, but for sizes that stand in") {
  const std::string tensors = "tensors: {g: L I, q: L G D}",
                    table = "'x.{L}': 'g[I]', 'q.{L}': 'q[(G D)]'";
  const std::string axes = "L: l, I: {is: i, default: 7}, G: {is: g, default: 9 - I}, D: d";
  CHECK(Solved(axes, tensors, table, {{"x.0", {5}}, {"q.0", {12}}}) == "L=1 I=5 G=4 D=3 ");
  CHECK(Solved(axes, tensors, table, {{"q.0", {12}}}) == "L=1 I=7 G=2 D=6 ");
  CHECK(Solved(axes, tensors, table, {{"q.0", {12}}}, {}, {{"i", 3}}) == "L=1 I=3 G=6 D=2 ");
  CHECK(Solved(axes, tensors, table, {{"x.0", {5}}}, {{"I", 8}}) == "L=1 I=8 G=1 D=? ");
}

TEST_CASE("products that differ by one size give that size") {
  const std::string tensors = "tensors: {q: L G Q D, k: L G D, s: L G Q}";
  const std::string table = "'q.{L}': 'q[(G Q D)]', 'k.{L}': 'k[(G D)]', 's.{L}': 's[(G Q)]'";
  CHECK(Solved("L: l, G: g, Q: q, D: d", tensors, table,
               {{"q.0", {4096}}, {"k.0", {512}}, {"s.0", {64}}}) == "L=1 G=8 Q=8 D=64 ");
  // No whole number: the shapes contradict each other, which is reported later.
  CHECK(Solved("L: l, G: g, Q: q, D: d", "tensors: {q: L G Q D, k: L G D}",
               "'q.{L}': 'q[(G Q D)]', 'k.{L}': 'k[(G D)]'", {{"q.0", {30}}, {"k.0", {7}}})
            .starts_with("L=1 G=7 stands in"));
}

TEST_CASE("of a product only the product is known: sizes stand in until an equation gives them") {
  const std::string axes = "L: l, G: g, Q: q, D: d, H: h";
  const std::string tensors = "tensors: {q: L G Q D H, k: L G D}";
  const std::string table = "'q.{L}': 'q[(G Q D) H]', 'k.{L}': 'k[(G D)]'";
  // D stands in as 1; what follows from it stands in as well, what does not is true.
  CHECK(Solved(axes, tensors, table, {{"q.0", {60, 7}}, {"k.0", {15}}}) ==
        "L=1 G=15 stands in Q=4 D=1 stands in H=7 ");
  CHECK(Solved(axes, tensors, table, {{"q.0", {60, 7}}, {"k.0", {15}}}, {{"D", 5}}) ==
        "L=1 G=3 Q=4 D=5 H=7 ");
  // A size that the config gives needs nobody to stand in for it.
  CHECK(Solved(axes, tensors, table, {{"q.0", {60, 7}}, {"k.0", {15}}}, {}, {{"g", 3}}) ==
        "L=1 G=3 Q=4 D=5 H=7 ");
  // A sum of products is no product.
  CHECK(Solved("L: l, G: g, D: d, V: v", "tensors: {q: L G D, v: L V}",
               "'x.{L}': '{q[G D] | v[V]}'", {{"x.0", {12}}}) == "L=1 G=? D=? V=? ");
}

TEST_CASE("the first tensor with a size that stands in, for whoever needs the size itself") {
  const auto rules = GoodRules(
      "axes: {G: g, D: d, H: h}\nlayouts: {a: {}}\n"
      "blocks: {b: {tensors: {q: G D, n: H}, layouts: {a: {q: 'q[(G D)]', n: 'n[H]'}}}}\n");
  const KeyTable table = KeysOf({{"q", {12}}, {"n", {5}}});
  Model model(*rules, Config(), {});
  const CheckedLayout& layout = rules->layouts[0];
  SolveSizes(layout, MatchKeys(layout, table), table, &model);
  CHECK(model.StandInOf(layout.entries[0]) == "G");
  CHECK(model.StandInOf(layout.entries[1]) == "");
  CHECK(model.OriginOf("D") == "only a product with it is known");
  CHECK(model.OriginOf("G") == "the shape of q");
}

TEST_CASE("the config decides, and what is free follows the shapes") {
  CHECK(Solved("L: l, I: i, R: free", "tensors: {g: L I R}", "'x.{L}': I R", {{"x.0", {6, 5}}}, {},
               {{"i", 7}, {"l", 3}}) == "L=3 I=7 R=5 ");
  CHECK(Solved("L: l, V: v, Vp: {free: 'V + 1'}", "tensors: {g: L V}",
               "'x.{L}': {is: V, pad: {to: Vp}}", {{"x.0", {9}}}, {},
               {{"v", 6}}) == "L=1 V=6 Vp=9 ");
  CHECK(Solved("L: l, V: v, Vp: {free: 'V + 1'}", "tensors: {g: L V}",
               "'x.{L}': {is: V, pad: {to: Vp}}", {{"x.0", {9}}}, {{"Vp", 8}},
               {{"v", 6}}) == "L=1 V=6 Vp=8 ");
  // A padded extent says nothing about the size below the padding.
  CHECK(Solved("L: l, V: v, Vp: free", "tensors: {g: L V}", "'x.{L}': {is: V, pad: {to: Vp}}",
               {{"x.0", {9}}}) == "L=1 V=? Vp=9 ");
}

// The words of a value's origin are no flags: an attribute may be called anything.
TEST_CASE("a free axis whose default mentions a shape follows what is found") {
  CHECK(Solved("L: l, R: {free: given_shape}", "tensors: {g: L R}", "'x.{L}': R", {{"x.0", {5}}},
               {}, {{"given_shape", 3}}) == "L=1 R=5 ");
}

TEST_CASE("a stack of some layers says nothing about how many layers there are") {
  CHECK(Solved("L: l, H: h", "where: full, tensors: {w: L H}", "x: L H", {{"x", {2, 5}}}, {},
               {{"full_layers", Value::List{Value(1), Value(3)}}}) == "L=? H=5 ");
}

TEST_CASE("sizes beyond 63 bits are no sizes") {
  const int64_t huge = int64_t{1} << 62;
  CHECK(Solved("L: l, G: g, D: d, I: i", "tensors: {q: L G D I}", "'q.{L}': 'q[(G D I)]'",
               {{"q.0", {12}}}, {{"G", huge}, {"D", huge}})
            .ends_with("I=? "));
}

}  // namespace
}  // namespace rr
