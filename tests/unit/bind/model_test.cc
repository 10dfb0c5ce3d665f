#include "bind/model.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/rule_text.h"

namespace rr {
namespace {

Config ConfigOf(Value::Map map) { return Config(Value(std::move(map))); }

TEST_CASE("config: attributes of the language model first, then the top level") {
  Config config =
      ConfigOf({{"hidden_size", 7},
                {"vocab_size", 11},
                {"model_type", "vl"},
                {"vision_config", Value::Map{{"depth", 3}, {"none", Value()}}},
                {"text_config",
                 Value::Map{{"hidden_size", 5}, {"vocab_size", Value()}, {"model_type", "text"}}}});
  CHECK(config.Lookup("hidden_size") == Value(5));
  CHECK(config.Lookup("vocab_size") == Value(11));  // null in text_config is no answer
  CHECK(config.Lookup("vision_config.depth") == Value(3));
  CHECK(config.Lookup("vision_config.none") == Value());
  CHECK(config.Lookup("vision_config.width") == std::nullopt);
  CHECK(config.Lookup("hidden_size.x") == std::nullopt);
  CHECK(config.Lookup("absent") == std::nullopt);
  config.Set("hidden_size", Value(9));
  config.Set("vision_config.depth", Value(4));
  CHECK(config.Lookup("hidden_size") == Value(9));
  CHECK(config.Lookup("vision_config.depth") == Value(4));
  CHECK(config.ModelType() == Value("vl"));
  CHECK(config.TextModelType() == Value("text"));
  CHECK(config.present());
  CHECK_FALSE(Config().present());
  CHECK(Config().Lookup("x") == std::nullopt);
  CHECK(Config().ModelType() == std::nullopt);
}

const char* kRules =
    "axes:\n"
    "  L: num_hidden_layers\n"
    "  H: hidden_size\n"
    "  Q: heads / kv\n"
    "  D: {global: \"(global_head_dim ?? head_dim)\", local: head_dim}\n"
    "  R: free\n"
    "  Vp: {free: \"ceil_div(vocab, 16) * 16\"}\n"
    "  P: [gate, up]\n"
    "  A: B + 1\n"
    "  B: A - 1\n"
    "kinds: {attention: {global: '(L + 1) % 3 == 0', local: else}}\n"
    "layouts: {hub: {}}\n"
    "require: ['heads % kv == 0']\n"
    "blocks:\n"
    "  norm: {tensors: {w: L H}, layouts: {hub: {'n.{L}': H}}}\n"
    "  head: {where: 'not (tied ?? false)', tensors: {w: H}, layouts: {hub: {head: H}}}\n"
    "  global: {where: global, tensors: {q: L D Q}, layouts: {hub: {'g.{L}': D Q}}}\n"
    "  size: {tensors: {k: L D}, layouts: {hub: {'k.{L}': D}}}\n";

TEST_CASE("in a formula asked at a layer only the layer is an index") {
  // H and G are axes of tensors too: beside L they are sizes.
  const auto rules = GoodRules(
      "axes:\n"
      "  L: layers\n"
      "  H: hidden\n"
      "  G: {wide: 6, narrow: 3}\n"
      "  Q: {wide: H / G, narrow: H / G + 1}\n"
      "kinds: {width: {wide: L == 1, narrow: else}, ties: {tied: tie, untied: else}}\n"
      "layouts: {hub: {}}\n"
      "blocks:\n"
      "  q: {tensors: {w: L G Q H}, layouts: {hub: {'q.{L}': G Q H}}}\n"
      "  head: {where: untied, tensors: {w: H}, layouts: {hub: {head: H}}}\n");
  const Model model(*rules, ConfigOf({{"layers", 2}, {"hidden", 12}, {"tie", false}}), {});
  CHECK(model.SizeOf("Q", 0) == 5);
  CHECK(model.SizeOf("Q", 1) == 2);
  CHECK(model.SizeOf("Q") == std::nullopt);
  // A kind that depends on no index needs none.
  CHECK(model.IndexAxisOf(1).empty());
  CHECK(model.Exists(1, std::nullopt) == true);
}

TEST_CASE("kinds and sizes that need themselves are unknown, and do not hang") {
  Diagnostics refused;  // RR302, and a model must not hang on it all the same
  const auto rules = CheckText(
      "axes: {L: layers, D: {big: D + 1, small: 2}}\n"
      "kinds: {size: {big: big or L == 0, small: else}}\n"
      "layouts: {hub: {}}\n"
      "blocks: {x: {tensors: {w: L D}, layouts: {hub: {'x.{L}': D}}}}\n",
      &refused);
  CHECK(refused.HasErrors());
  const Model model(*rules, ConfigOf({{"layers", 2}}), {});
  CHECK(model.SizeOf("D", 0) == std::nullopt);
}

TEST_CASE("a circle is unknown only until one of its sizes is known") {
  const auto rules = GoodRules(
      "axes: {L: N + M, N: n, M: L - N}\nlayouts: {hub: {}}\n"
      "blocks: {x: {tensors: {w: L M}, layouts: {hub: {'x.{L}': M}}}}\n");
  Model model(*rules, ConfigOf({{"n", 3}}), {});
  CHECK(model.SizeOf("M") == std::nullopt);
  model.Solve("L", 5, "the keys");
  CHECK(model.SizeOf("L") == 5);
  CHECK(model.SizeOf("M") == 2);
}

TEST_CASE("a requirement that cannot be decided is not taken for met") {
  const auto rules = GoodRules(
      "axes: {H: h}\nlayouts: {hub: {require: [\"experts == 4\"]}}\n"
      "blocks: {x: {tensors: {w: H}, layouts: {hub: {w: H}}}}\n");
  Diagnostics findings;
  Model(*rules, Config(), {}).CheckRequirements(rules->layouts[0], &findings);
  CHECK(
      Findings(findings) ==
      "RR410 `experts == 4` layout `hub` holds only where experts == 4, and `experts` is unknown");
}

TEST_CASE("sizes: looked up when needed, with their origin") {
  const auto rules = GoodRules(kRules);
  Model model(*rules,
              ConfigOf({{"num_hidden_layers", 7},
                        {"hidden_size", "x"},
                        {"heads", 12},
                        {"kv", 3},
                        {"vocab", 17}}),
              {});
  CHECK(model.SizeOf("L") == 7);
  CHECK(model.OriginOf("L") == "num_hidden_layers = 7");
  CHECK(model.SizeOf("Q") == 4);
  CHECK(model.SizeOf("H") == std::nullopt);
  CHECK(model.SizeOf("P") == 2);
  CHECK(model.OriginOf("P") == "its words");
  CHECK(model.SizeOf("R") == std::nullopt);
  CHECK(model.SizeOf("Vp") == 32);
  CHECK(model.SizeOf("nowhere") == std::nullopt);
  CHECK(model.SizeOf("A") == std::nullopt);  // a circle has no size, and does not hang
  model.Solve("R", 5, "the shape of x");
  model.Solve("L", 9, "the shape of x");
  model.Solve("Vp", 48, "the shape of x");
  CHECK(model.SizeOf("R") == 5);
  CHECK(model.OriginOf("R") == "the shape of x");
  CHECK(model.SizeOf("L") == 7);    // the config decides
  CHECK(model.SizeOf("Vp") == 48);  // what is free follows the shapes
  model.Solve("A", 4, "the shape of x");
  CHECK(model.SizeOf("B") == 3);
}

TEST_CASE("a default is of a config that leaves it out, not of none") {
  const auto rules = GoodRules(
      "axes: {I: {is: inner, default: 8}, J: {is: outer, default: I / inner}}\nlayouts: {a: {}}\n"
      "blocks: {b: {tensors: {w: I J}, layouts: {a: {w: I J}}}}\n");
  const Model none(*rules, Config(), {});
  CHECK(none.SizeOf("I") == std::nullopt);
  const Model silent(*rules, ConfigOf({}), {});
  CHECK(silent.SizeOf("I") == 8);
  CHECK(silent.OriginOf("I") == "8 by default");
  CHECK(silent.SizeOf("J") == std::nullopt);
  const Model said(*rules, ConfigOf({{"inner", 5}, {"outer", 3}}), {});
  CHECK(said.SizeOf("I") == 5);
  CHECK(said.SizeOf("J") == 3);
  Config given;
  given.Set("outer", Value(4));
  CHECK(Model(*rules, given, {}).SizeOf("I") == 8);
}

TEST_CASE("what is given wins") {
  const auto rules = GoodRules(kRules);
  const Model model(*rules, ConfigOf({{"num_hidden_layers", 7}, {"head_dim", 8}}),
                    {{"L", 2}, {"D", 6}});
  CHECK(model.SizeOf("L") == 2);
  CHECK(model.OriginOf("L") == "L = 2 as given");
  CHECK(model.SizeOf("D", 0) == 6);
}

TEST_CASE("a layout's own requirement stands in the place of that of the layout it is like") {
  const auto rules = GoodRules(
      "axes: {H: h}\n"
      "layouts: {one: {require: [h == 4]}, two: {like: one}, any: {like: one, require: ['true']}}\n"
      "blocks: {x: {tensors: {w: H}, layouts: {one: {w: H}}}}\n");
  const Model model(*rules, ConfigOf({{"h", 5}}), {});
  for (const auto& [layout, refused] : {std::pair{0, true}, {1, true}, {2, false}}) {
    Diagnostics findings;
    model.CheckRequirements(rules->layouts[static_cast<size_t>(layout)], &findings);
    CHECK(findings.HasErrors() == refused);
  }
}

TEST_CASE("kinds and sizes by kind") {
  const auto rules = GoodRules(kRules);
  const Model model(
      *rules, ConfigOf({{"num_hidden_layers", 7}, {"head_dim", 8}, {"global_head_dim", 10}}), {});
  CHECK(model.IsByKind("D"));
  CHECK_FALSE(model.IsByKind("H"));
  CHECK(model.SizeOf("D") == std::nullopt);
  CHECK(model.SizeOf("D", 1) == 8);
  CHECK(model.SizeOf("D", 2) == 10);
  const int norm = 0, head = 1, global = 2, size = 3;
  CHECK(model.IndexAxisOf(norm) == "");
  CHECK(model.IndexAxisOf(global) == "L");
  CHECK(model.IndexAxisOf(size) == "L");
  CHECK(model.IndexValues(global) == std::vector<int64_t>{2, 5});
  CHECK(model.IndexValues(size).size() == 7);
  CHECK(model.Exists(global, 2) == true);
  CHECK(model.Exists(global, 3) == false);
  CHECK(model.Exists(head, std::nullopt) == true);
  CHECK(model.Exists(norm, std::nullopt) == true);
  const Model tied(*rules, ConfigOf({{"tied", true}}), {});
  CHECK(tied.Exists(head, std::nullopt) == false);
  const Model odd(*rules, ConfigOf({{"tied", 3}}), {});
  CHECK(odd.Exists(head, std::nullopt) == std::nullopt);
}

TEST_CASE("a condition whose attribute is absent is unknown") {
  const auto rules = GoodRules(
      "axes: {L: n, H: h}\nkinds: {k: {moe: L in sparse_layers, dense: else}}\nlayouts: {hub: {}}\n"
      "blocks: {a: {where: moe, tensors: {w: L H}, layouts: {hub: {'a.{L}': H}}}, "
      "b: {where: dense, tensors: {w: L H}, layouts: {hub: {'b.{L}': H}}}}\n");
  const Model model(*rules, ConfigOf({{"n", 2}}), {});
  CHECK(model.Exists(0, 0) == std::nullopt);
  CHECK(model.Exists(1, 0) == std::nullopt);
  const Model known(*rules, ConfigOf({{"n", 2}, {"sparse_layers", Value::List{Value(1)}}}), {});
  CHECK(known.Exists(0, 1) == true);
  CHECK(known.Exists(1, 1) == false);
  CHECK(known.Exists(1, 0) == true);
}

std::string FaultsOf(Value::Map config) {
  const auto rules = GoodRules(kRules);
  const Model model(*rules, ConfigOf(std::move(config)), {});
  Diagnostics diagnostics;
  model.CheckConfig(*rules->FindLayout("hub"), &diagnostics);
  return Findings(diagnostics);
}

TEST_CASE("configs that do not fit the family") {
  CHECK(FaultsOf({}) == "");
  CHECK(FaultsOf({{"heads", 12}, {"kv", 5}}) ==
        "RR406 `Q` the size of Q cannot be had from the config: 12 / 5 is not a whole number\n"
        "RR410 `heads % kv == 0` the rules of toy holds only where heads % kv == 0");
  CHECK(FaultsOf({{"hidden_size", -1}}) ==
        "RR422 `H` the size of H cannot be had from the config: hidden_size is -1, where a size is "
        "a whole number");
  CHECK(FaultsOf({{"hidden_size", "x"}}) ==
        "RR422 `H` the size of H cannot be had from the config: hidden_size is \"x\", where a size "
        "is a whole number");
  CHECK(FaultsOf({{"hidden_size", 2.5}}).starts_with("RR422"));
}

TEST_CASE("what a config says of kinds makes sense, or is not there") {
  const auto rules = GoodRules(
      "axes: {L: n}\nkinds: {k: {moe: L % step == 0, dense: else}}\nlayouts: {hub: {}}\n"
      "blocks: {a: {where: moe, tensors: {w: L}, layouts: {hub: {'a.{L}': '1'}}}, "
      "b: {where: dense, tensors: {w: L}, layouts: {hub: {'b.{L}': '1'}}}}\n");
  const auto faults = [&](Value::Map config) {
    const Model model(*rules, ConfigOf(std::move(config)), {});
    Diagnostics diagnostics;
    model.CheckConfig(*rules->FindLayout("hub"), &diagnostics);
    return Findings(diagnostics);
  };
  CHECK(faults({{"n", 2}}) == "");
  CHECK(faults({{"n", 2}, {"step", 2}}) == "");
  CHECK(faults({{"n", 2}, {"step", 0}}) ==
        "RR422 `L % step == 0` what is `moe` cannot be had from the config: 0 % 0 divides by "
        "zero");
}

}  // namespace
}  // namespace rr
