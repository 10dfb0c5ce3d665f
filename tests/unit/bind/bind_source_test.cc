#include "bind/bind_source.h"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "unit/rule_text.h"

namespace rr {
namespace {

using Shapes = std::vector<std::pair<std::string, std::vector<int64_t>>>;

const char* kRules =
    "axes: {L: num_hidden_layers, E: num_experts, I: i, H: hidden_size, V: vocab_size, D: H / 2}\n"
    "layouts: {hub: {prefixes: {m: ['model.', '']}, place: {L: '{m}layers.{L}.'}, "
    "ignore: {'.*\\.inv_freq': computed}, pass: ['vision\\..*']}}\n"
    "blocks:\n"
    "  embed: {tensors: {w: V H}, layouts: {hub: {'{m}embed': V H}}}\n"
    "  experts:\n"
    "    tensors: {up: 'L E : I <- H', router: L E H}\n"
    "    layouts: {hub: {'{L}up.{E}': 'up[I H]', '{L}router': 'router[E H]'}}\n"
    "  extra: {tensors: {x: H}, layouts: {hub: {extra: H, extra_copy: {drop: it is computed}}}}\n";

struct Bound {
  std::shared_ptr<const CheckedRules> rules;
  KeyTable table;
  std::optional<BoundSource> source;
  std::string findings;
  std::string notes;  // of the first finding
};

Bound Bind(const Shapes& keys, Value::Map config = {}, bool allow_shape = false,
           const char* text = kRules) {
  Bound bound{GoodRules(text), KeysOf(keys), {}, "", ""};
  Diagnostics diagnostics;
  SourceOptions options;
  options.allow_shape = allow_shape;
  bound.source = BindSource(*bound.rules, bound.rules->layouts[0], Config(Value(std::move(config))),
                            {}, bound.table, options, &diagnostics);
  bound.findings = Findings(diagnostics);
  if (!diagnostics.all().empty()) {
    for (const Note& note : diagnostics.all()[0].notes) bound.notes += note.text;
  }
  return bound;
}

std::string Sizes(const Bound& bound) {
  std::string out;
  for (const AxisRule& axis : bound.rules->file->axes) {
    const auto size = bound.source->model->SizeOf(axis.name.text);
    out += fmt::format("{}={} ", axis.name.text, size ? std::to_string(*size) : "?");
  }
  return out;
}

const Shapes kGood = {{"model.embed", {11, 6}},
                      {"model.layers.0.up.0", {5, 6}},
                      {"model.layers.0.up.1", {5, 6}},
                      {"model.layers.0.up.2", {5, 6}},
                      {"model.layers.0.router", {3, 6}}};

TEST_CASE("no config: sizes from the shapes and the largest index") {
  const Bound bound = Bind(kGood);
  CHECK(bound.findings == "");
  REQUIRE(bound.source.has_value());
  CHECK(Sizes(bound) == "L=1 E=3 I=5 H=6 V=11 D=3 ");
  CHECK(bound.source->model->OriginOf("E") == "the largest index, in model.layers.0.up.2");
  CHECK(bound.source->absent_blocks == std::vector<std::string>{"extra"});
  CHECK(bound.source->notes[0] == "m is \"model.\"");
}

TEST_CASE("the prefix that knows the most keys") {
  Shapes keys = kGood;
  for (auto& key : keys) key.first = key.first.substr(6);
  const Bound bound = Bind(keys);
  CHECK(bound.findings == "");
  CHECK(bound.source->notes[0] == "m is \"\"");
}

TEST_CASE("keys that nothing knows, with the nearest one") {
  Shapes keys = kGood;
  keys[0].first = "model.embde";
  const Bound bound = Bind(keys);
  CHECK(bound.findings == "RR401 `` 1 of 5 keys are not in layout `hub` of toy: model.embde");
  REQUIRE(bound.source.has_value());
  CHECK(bound.source->unmatched == std::vector<uint32_t>{0});
  CHECK(bound.source->absent_blocks == std::vector<std::string>{"embed", "extra"});
}

TEST_CASE("a key of a block whose condition does not hold: what its names are") {
  const char* rules =
      "axes: {L: layers, H: hidden, S: shared}\n"
      "kinds: {mlp: {dense: L < first, moe: else}}\n"
      "layouts: {hub: {}}\n"
      "blocks:\n"
      "  norm: {tensors: {w: L H}, layouts: {hub: {'n.{L}': H}}}\n"
      "  shared: {where: 'moe and (n_shared ?? 0) > 0', tensors: {s: L H}, "
      "layouts: {hub: {'s.{L}': H}}}\n"
      "  lone: {where: 'rows > 3', tensors: {o: H}, layouts: {hub: {o: H}}}\n";
  const auto notes = [&](const Shapes& keys, Value::Map config) {
    const Bound bound = Bind(keys, std::move(config), false, rules);
    return bound.notes;
  };
  const Shapes shared = {{"n.0", {3}}, {"n.1", {3}}, {"s.0", {3}}};
  CHECK(notes(shared, {{"layers", 2}, {"first", 1}, {"n_shared", 4}}) ==
        "s.0: block `shared` is there where moe and (n_shared ?? 0) > 0: moe is false and "
        "n_shared is 4");
  CHECK(notes({{"n.0", {3}}, {"n.1", {3}}, {"s.1", {3}}}, {{"layers", 2}, {"first", 1}}) ==
        "s.1: block `shared` is there where moe and (n_shared ?? 0) > 0: moe is true and "
        "n_shared is not in the config");
  CHECK(notes({{"n.0", {3}}, {"o", {3}}}, {{"layers", 1}, {"rows", 2}}) ==
        "o: block `lone` is there where rows > 3: rows is 2");
  // An index beyond what there is says more.
  CHECK(notes({{"n.0", {3}}, {"s.0", {3}}, {"s.1", {3}}}, {{"layers", 1}, {"first", 1}}) ==
        "s.1 has L = 1, but there are 1 (layers = 1)");
}

TEST_CASE("a block is present as a whole") {
  Shapes keys = kGood;
  keys.erase(keys.begin() + 2);
  const Bound bound = Bind(keys);
  CHECK(bound.findings == "RR402 `` 1 keys of layout `hub` are missing: model.layers.0.up.1");
  CHECK(bound.source->missing == std::vector<std::string>{"model.layers.0.up.1"});
}

TEST_CASE("experts: fewer and more than the config says") {
  const Bound fewer = Bind(kGood, {{"num_experts", 4}});
  CHECK(fewer.findings ==
        "RR402 `` 1 keys of layout `hub` are missing: model.layers.0.up.3\n"
        "RR403 `{L}router` model.layers.0.router is [3, 6], but [E, H] is [4, 6]");
  const Bound more = Bind(kGood, {{"num_experts", 2}});
  CHECK(more.findings ==
        "RR401 `` 1 of 5 keys are not in layout `hub` of toy: model.layers.0.up.2\n"
        "RR403 `{L}router` model.layers.0.router is [3, 6], but [E, H] is [2, 6]");
}

TEST_CASE("shapes against the config") {
  CHECK(Bind(kGood, {{"vocab_size", 12}}).findings ==
        "RR403 `{m}embed` model.embed is [11, 6], but [V, H] is [12, 6]");
  const Bound allowed = Bind(kGood, {{"vocab_size", 12}}, true);
  CHECK(allowed.findings == "");
  CHECK(allowed.source->odd_shapes == std::vector<uint32_t>{0});
  Shapes keys = kGood;
  keys[0].second = {11, 6, 1};
  CHECK(Bind(keys).findings.starts_with("RR403 `{m}embed` model.embed is [11, 6, 1]"));
}

TEST_CASE("ignored, dropped and passed keys") {
  Shapes keys = kGood;
  keys.push_back({"rotary.inv_freq", {3}});
  keys.push_back({"vision.0.q", {2}});
  keys.push_back({"vision.1.q", {2}});
  keys.push_back({"extra", {6}});
  keys.push_back({"extra_copy", {6}});
  const Bound bound = Bind(keys);
  CHECK(bound.findings == "");
  CHECK(bound.source->ignored == std::vector<uint32_t>{5, 9});
  CHECK(bound.source->passed == std::vector<uint32_t>{6, 7});
  CHECK(bound.source->absent_blocks.empty());
}

TEST_CASE("what a block stores is passed where the model has no such block") {
  const char* text =
      "axes: {N: layers, H: hidden}\n"
      "layouts: {hub: {pass: ['tower\\..*']}}\n"
      "blocks:\n"
      "  norm: {tensors: {w: H}, layouts: {hub: {norm: H}}}\n"
      "  tower: {where: layers > 0, tensors: {w: N H}, layouts: {hub: {'tower.{N}': H}}}\n";
  const Shapes keys = {{"norm", {6}}, {"tower.0", {6}}, {"tower.1", {6}}, {"tower.extra", {2}}};
  const Bound stored = Bind(keys, {{"layers", 2}}, false, text);
  CHECK(stored.findings == "");
  CHECK(stored.source->passed == std::vector<uint32_t>{3});
  const Bound passed = Bind(keys, {{"layers", 0}}, false, text);
  CHECK(passed.findings == "");
  CHECK(passed.source->passed == std::vector<uint32_t>{3, 1, 2});
  // The model has the block, and no second layer.
  CHECK(Bind(keys, {{"layers", 1}}, false, text)
            .findings.starts_with("RR401 `` 1 of 4 keys are not in layout `hub` of toy: tower.1"));
}

TEST_CASE("a division that is not exact") {
  CHECK(Bind(kGood, {{"hidden_size", 6}}).findings == "");
  const char* text =
      "axes: {H: h, D: h / 2}\nlayouts: {hub: {}}\nblocks: {b: {tensors: {w: D}, layouts: {hub: "
      "{w: D}}}}\n";
  CHECK(Bind({{"w", {3}}}, {{"h", 7}}, false, text).findings ==
        "RR406 `D` the size of D cannot be had from the config: 7 / 2 is not a whole number");
}

TEST_CASE("absurd counts are answered quickly, wherever they stand") {
  const auto start = std::chrono::steady_clock::now();
  CHECK(Bind(kGood, {{"num_hidden_layers", 1'000'000'000}}).findings ==
        "RR402 `` L is 1,000,000,000 (num_hidden_layers = 1000000000), but the largest index found "
        "is 0");
  Shapes far = kGood;
  far.push_back({"model.layers.999999999.up.0", {5, 6}});
  CHECK(Bind(far).findings.starts_with(
      "RR402 `` L is 1,000,000,000 (the largest index, in model.layers.999999999.up.0)"));
  far.back().first = "model.layers.9223372036854775807.up.0";
  CHECK(Bind(far).findings == "RR404 `{L}up.{E}` the size of L is unknown");
  far.back().first = "model.layers.99999999999999999999.up.0";
  CHECK(Bind(far).findings.starts_with("RR401"));
  // A stack over some of the layers, of which nothing is there.
  const char* text =
      "axes: {L: n, H: h}\nkinds: {k: {full: L % 3 == 0, other: else}}\nlayouts: {hub: {}}\n"
      "blocks: {a: {where: full, tensors: {w: L H}, layouts: {hub: {w: L H}}}, "
      "b: {tensors: {v: H}, layouts: {hub: {v: H}}}}\n";
  CHECK(Bind({{"v", {3}}}, {{"n", 1'000'000'000}}, false, text).findings ==
        "RR402 `` L is 1,000,000,000 (n = 1000000000), but there are only 1 keys");
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  CHECK(taken.count() < 1);
}

TEST_CASE("digits of a key's own, and an entry that is also ignored") {
  const char* text =
      "axes: {L: n, H: h}\n"
      "layouts: {hub: {place: {L: 'MoeBlock_0.{L}.'}, ignore: {'.*wi_.*': old}}}\n"
      "blocks: {b: {tensors: {up: L H, gate: L H}, layouts: {hub: {'{L}wi_0': 'gate[H]', "
      "'{L}wi_1': 'up[H]'}}}}\n";
  const Bound bound = Bind({{"MoeBlock_0.0.wi_1", {3}},
                            {"MoeBlock_0.0.wi_0", {3}},
                            {"MoeBlock_0.1.wi_0", {3}},
                            {"MoeBlock_0.1.wi_1", {3}},
                            {"MoeBlock_1.0.wi_0", {3}}},
                           {}, false, text);
  CHECK(bound.findings == "");
  CHECK(bound.source->layout.tensors.size() == 4);
  CHECK(bound.source->ignored == std::vector<uint32_t>{4});
}

TEST_CASE("keys read by a regex are known by the name that is written") {
  const char* text =
      "axes: {L: n, H: h}\nlayouts: {hub: {}}\n"
      "blocks: {b: {tensors: {w: L H}, layouts: {hub: {norm: {match: "
      "'(layer|block)\\.(?P<L>[0-9]+)\\.w', "
      "write: 'layer.{L}.w', is: H}}}}}\n";
  const Bound bound = Bind({{"block.0.w", {3}}, {"layer.1.w", {3}}}, {}, false, text);
  CHECK(bound.findings == "");
  REQUIRE(bound.source.has_value());
  REQUIRE(bound.source->layout.tensors.size() == 2);
  CHECK(bound.source->layout.tensors[0].key == "layer.0.w");
  CHECK(bound.source->found == std::vector<uint32_t>{0, 1});
}

TEST_CASE("one of: the file decides, per block") {
  const char* text =
      "axes: {I: i, H: h}\nlayouts: {hub: {}}\n"
      "blocks: {b: {tensors: {gate: I H, up: I H}, layouts: {hub: {'one of': {"
      "fused: {gate_up: '{gate[I] | up[I]} H'}, split: {gate: 'gate[I H]', up: 'up[I H]'}}}}}}\n";
  const Bound fused = Bind({{"gate_up", {4, 3}}}, {}, false, text);
  CHECK(fused.findings == "");
  CHECK(Sizes(fused) == "I=2 H=3 ");
  const Bound split = Bind({{"gate", {2, 3}}, {"up", {2, 3}}}, {}, false, text);
  CHECK(split.findings == "");
  CHECK(Sizes(split) == "I=2 H=3 ");
  CHECK(Bind({{"gate", {2, 3}}}, {}, false, text).findings ==
        "RR402 `` 1 keys of layout `hub` are missing, for all layers alike: up");
}

TEST_CASE("a kind of key of which none is there is a warning; one that another layer has is lost") {
  Shapes keys = kGood;
  keys.push_back({"model.layers.1.up.0", {5, 6}});
  keys.push_back({"model.layers.1.up.1", {5, 6}});
  keys.push_back({"model.layers.1.up.2", {5, 6}});
  CHECK(Bind(keys).findings ==
        "RR402 `` 1 keys of layout `hub` are missing: model.layers.1.router");
  keys.erase(keys.begin() + 4);  // the router of layer 0
  const auto rules = GoodRules(kRules);
  const KeyTable table = KeysOf(keys);
  Diagnostics diagnostics;
  const auto source = BindSource(*rules, rules->layouts[0], Config(), {}, table, {}, &diagnostics);
  CHECK(Findings(diagnostics) ==
        "RR402 `` 2 keys of layout `hub` are missing, for all layers alike: model.layers.0.router "
        "and model.layers.1.router");
  CHECK_FALSE(diagnostics.HasErrors());
  REQUIRE(source.has_value());
  CHECK(source->missing ==
        std::vector<std::string>{"model.layers.0.router", "model.layers.1.router"});
  // What is lost is an error unless missing keys are allowed.
  keys.erase(keys.begin());      // embed: another block
  keys.erase(keys.begin() + 1);  // up of expert 1 in layer 0
  const KeyTable fewer = KeysOf(keys);
  for (const bool allowed : {false, true}) {
    Diagnostics found;
    SourceOptions options;
    options.allow_missing = allowed;
    BindSource(*rules, rules->layouts[0], Config(), {}, fewer, options, &found);
    CHECK(Findings(found) ==
          "RR402 `` 2 keys of layout `hub` are missing, for all layers alike: "
          "model.layers.0.router and model.layers.1.router\n"
          "RR402 `` 1 keys of layout `hub` are missing: model.layers.0.up.1");
    CHECK(found.HasErrors() != allowed);
  }
}

TEST_CASE("an optional block that a model lacks is not among the absent blocks") {
  const char* text =
      "axes: {L: n, H: h}\nlayouts: {hub: {}}\n"
      "blocks: {a: {tensors: {w: L H}, layouts: {hub: {'w.{L}': H}}}, "
      "b: {tensors: {x: H}, layouts: {hub: {x: H}}}, "
      "c: {optional: yes, tensors: {s: L H}, layouts: {hub: {'s.{L}': H}}}}\n";
  const Bound bound = Bind({{"w.0", {3}}, {"w.1", {3}}}, {}, false, text);
  CHECK(bound.findings == "");
  CHECK(bound.source->absent_blocks == std::vector<std::string>{"b"});
  // Where it is, it is there as a whole.
  CHECK(Bind({{"w.0", {3}}, {"w.1", {3}}, {"s.1", {3}}}, {}, false, text).findings ==
        "RR402 `` 1 keys of layout `hub` are missing: s.0");
}

TEST_CASE("a list of keys without shapes: names are checked, sizes asked for later") {
  const auto rules = GoodRules(kRules);
  const KeyTable table = MakeKeyTable({{"model.embed", {}, {}}});
  Diagnostics diagnostics;
  const auto source = BindSource(*rules, rules->layouts[0], Config(), {}, table, {}, &diagnostics);
  CHECK(Findings(diagnostics) == "");
  REQUIRE(source.has_value());
  CHECK(source->layout.tensors[0].shape == std::vector<int64_t>{-1, -1});
}

TEST_CASE("keys are grouped by form") {
  const KeyTable table = KeysOf({{"a.0.b1", {}}, {"a.10.b2", {}}, {"a.x.b2", {}}});
  REQUIRE(table.forms.size() == 2);
  CHECK(table.forms[0].pattern == "a.#.b#");
  CHECK(table.forms[0].keys == std::vector<uint32_t>{0, 1});
  CHECK(table.by_name.at("a.x.b2") == 2);
  const auto rules = GoodRules(kRules);
  CHECK(CountKnownKeys(rules->layouts[0], KeysOf(kGood)) == 5);
}

}  // namespace
}  // namespace rr
