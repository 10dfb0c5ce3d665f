#include "bind/detect.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "bind/rule_library.h"
#include "bind/targets.h"
#include "io/memory_files.h"
#include "unit/toy_adapters.h"

namespace rr {
namespace {

RulesPtr Family(const std::string& name, const std::string& text,
                const std::vector<std::string>& styles = {}) {
  Diagnostics diagnostics;
  auto file = ParseText("rule-runner: 1\nfamily: " + name + "\ndescribes: {model_type: [" + name +
                            "], architectures: [" + name + "ForCausalLM]}\n" + text,
                        &diagnostics);
  file->style_names = styles;
  auto rules = std::make_shared<CheckedRules>(Check(*file, &diagnostics));
  REQUIRE(Findings(diagnostics) == "");
  return rules;
}

struct Detected {
  std::string what;  // "family layout", or findings
  Detection detection;
};

Detected Find(const std::vector<RulesPtr>& families, const KeyTable& table, Value::Map config = {},
              const std::string& layout = "") {
  Diagnostics diagnostics;
  const Config made = config.empty() ? Config() : Config(Value(std::move(config)));
  Detected found;
  found.detection = Detect(families, layout, made, {}, {}, table, {}, &diagnostics);
  found.what = Findings(diagnostics);
  if (found.detection.rules != nullptr) {
    CHECK(found.what == "");
    found.what = found.detection.rules->file->family.text + " " + found.detection.layout;
  }
  return found;
}

const char* kToy =
    "axes: {I: i, H: h}\nlayouts: {hub: {}, again: {like: hub}, turned: {}, other: {}}\n"
    "blocks: {b: {tensors: {w: I H}, layouts: {hub: {w: I H}, turned: {w: H I}, other: {v: I "
    "H}}}}\n";

TEST_CASE("layouts that store alike count as one, others are ambiguous") {
  const RulesPtr a = Family("a", kToy);
  CHECK(Find({a}, KeysOf({{"v", {2, 3}}})).what == "a other");
  CHECK(Find({a}, KeysOf({{"w", {2, 3}}})).what ==
        "RR409 `` keys and shapes fit a hub and also a turned");
  CHECK(Find({a}, KeysOf({{"w", {2, 3}}}), {{"i", 2}, {"h", 3}}).what == "a hub");
  CHECK(Find({a}, KeysOf({{"w", {2, 3}}}), {{"i", 3}, {"h", 2}}).what == "a turned");
  CHECK(Find({a}, KeysOf({{"w", {2, 3}}}), {}, "turned").what == "a turned");
  CHECK(Find({a}, KeysOf({{"w", {2, 3}}}), {}, "again").what == "a again");
}

TEST_CASE("a tie of layouts names the family; of keys without shapes it is a warning") {
  const RulesPtr a = Family("a", kToy);
  const Detected tie = Find({a}, KeysOf({{"w", {2, 3}}}));
  CHECK(tie.detection.rules == nullptr);
  CHECK(tie.detection.family == a);
  Diagnostics diagnostics;
  const Detection unknown =
      Detect({a}, "", Config(), Config(), {}, MakeKeyTable({{"w", std::nullopt, std::nullopt}}), {},
             &diagnostics);
  CHECK(unknown.rules == nullptr);
  CHECK(unknown.family == a);
  CHECK(!diagnostics.HasErrors());
  CHECK(Findings(diagnostics) == "RR409 `` keys without shapes fit a hub and also a turned");
}

TEST_CASE("a family that lacks keys comes behind one that lacks none") {
  const RulesPtr more = Family("more",
                               "axes: {I: i, H: h}\nlayouts: {hub: {}}\n"
                               "blocks: {b: {tensors: {v: I, w: I H}, "
                               "layouts: {hub: {a: 'w[I H]', b: 'v[I]'}}}}\n");
  const RulesPtr less = Family("less",
                               "axes: {I: i, H: h}\nlayouts: {hub: {}}\n"
                               "blocks: {b: {tensors: {w: I H}, layouts: {hub: {a: I H}}}}\n");
  CHECK(Find({more, less}, KeysOf({{"a", {2, 3}}})).what == "less hub");
  CHECK(Find({more, less}, KeysOf({{"a", {2, 3}}, {"b", {2}}})).what == "more hub");
}

TEST_CASE("equal keys and shapes under different factors or words are different readings") {
  const RulesPtr a =
      Family("a",
             "axes: {K: k, T: t, Kt: kt}\n"
             "layouts: {x: {refine: {K: T Kt}}, y: {refine: {K: Kt T}}}\n"
             "blocks: {b: {tensors: {w: K}, layouts: {x: {w: (T Kt)}, y: {w: (T Kt)}}}}\n");
  CHECK(Find({a}, KeysOf({{"w", {6}}}), {{"k", 6}, {"t", 2}, {"kt", 3}}).what ==
        "RR409 `` keys and shapes fit a x and also a y");
  const RulesPtr b = Family("b",
                            "axes: {K: k}\nlayouts: {x: {}, y: {}}\n"
                            "blocks: {b: {tensors: {w: K}, layouts: {x: {w: {is: K, add: 1}}, "
                            "y: {w: {is: K, add: 2}}}}}\n");
  CHECK(Find({b}, KeysOf({{"w", {6}}})).what == "RR409 `` keys and shapes fit b x and also b y");
}

TEST_CASE("two families with the same keys: the config names one") {
  const RulesPtr a = Family("a", kToy);
  const RulesPtr b = Family("b", kToy);
  CHECK(Find({a, b}, KeysOf({{"v", {2, 3}}})).what == "a other");  // stored alike: the first
  const Detected named = Find({a, b}, KeysOf({{"v", {2, 3}}}), {{"model_type", "b"}});
  CHECK(named.what == "b other");
  CHECK(named.detection.reasons ==
        std::vector<std::string>{"config.json has model_type \"b\"", "b other knows 1 of 1 keys"});
  CHECK(Find({a, b}, KeysOf({{"v", {2, 3}}}), {{"model_type", "unheard-of"}}).what == "a other");
  CHECK(Find({a, b}, KeysOf({{"v", {2, 3}}}),
             {{"model_type", "x"}, {"text_config", Value::Map{{"model_type", "b"}}}})
            .what == "b other");
  CHECK(
      Find({a, b}, KeysOf({{"v", {2, 3}}}), {{"architectures", Value::List{Value("bForCausalLM")}}})
          .what == "b other");
  CHECK(Find({a, b}, KeysOf({{"v", {2, 3}}}), {{"model_type", 3}, {"architectures", Value::List{}}})
            .what == "a other");
}

TEST_CASE("a family that the config names is known where none of its layouts knows a key") {
  const RulesPtr a = Family("a", kToy);
  const RulesPtr b = Family("b", kToy);
  const KeyTable table = KeysOf({{"module.v", {2, 3}}});
  const Detected named = Find({a, b}, table, {{"model_type", "b"}});
  CHECK(named.what.starts_with("RR408"));
  CHECK(named.detection.family == b);
  CHECK(named.detection.rules == nullptr);
  CHECK(Find({a, b}, table).detection.family == nullptr);
  CHECK(Find({a}, table).detection.family == a);  // --family
}

TEST_CASE("without a config a part is of the family that alone knows all of its keys") {
  const std::string text =
      "axes: {L: l, H: h}\nlayouts: {hub: {}}\n"
      "blocks: {b: {tensors: {v: L H, w: L H}, layouts: {hub: {'v.{L}': 'v[H]', '%.{L}': "
      "'w[H]'}}}}\n";
  const auto with = [&](const std::string& name, const std::string& key) {
    std::string own = text;
    return Family(name, own.replace(own.find('%'), 1, key));
  };
  const RulesPtr a = with("a", "w");
  const RulesPtr b = with("b", "x");
  const KeyTable lacks_v1 = KeysOf({{"v.0", {3}}, {"w.0", {3}}, {"w.1", {3}}});
  const Detected part = Find({a, b}, lacks_v1);
  CHECK(part.what == "a hub");
  CHECK(part.detection.candidates[0].missing == 1);
  CHECK(Find({a, b}, KeysOf({{"v.0", {3}}, {"v.1", {3}}, {"v.3", {3}}})).what ==
        "RR408 `` no family fits in full: a and b know 3 of 3 keys");
}

TEST_CASE("of layouts of families that store the keys alike one that a system writes") {
  const std::string rules =
      "axes: {I: i, H: h}\nlayouts: {hub: {}, own: {}}\nblocks:\n"
      "  b: {tensors: {w: I H}, layouts: {hub: {%: I H}, own: {$: I H}}}\n";
  const auto with = [&](const std::string& name, const char* hub, const char* own,
                        const std::string& targets) {
    std::string text = rules;
    text.replace(text.find('%'), 1, hub);
    text.replace(text.find('$'), 1, own);
    return Family(name, text + targets);
  };
  const RulesPtr a = with("a", "v", "w", "targets: {server: hub}\n");
  const RulesPtr b = with("b", "w", "v", "targets: {server: hub}\n");
  CHECK(Find({a, b}, KeysOf({{"w", {2, 3}}})).what == "b hub");
  CHECK(Find({a, b}, KeysOf({{"v", {2, 3}}})).what == "a hub");
}

TEST_CASE("a whole model with a few keys besides, to which no other family comes near") {
  std::string layouts, tensors;
  std::vector<std::pair<std::string, std::vector<int64_t>>> keys;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h", "i"}) {
    tensors += fmt::format("{}{}: H", tensors.empty() ? "" : ", ", name);
    layouts += fmt::format("{}{}: '{}[H]'", layouts.empty() ? "" : ", ", name, name);
    keys.push_back({name, {3}});
  }
  const RulesPtr whole =
      Family("whole", fmt::format("axes: {{H: h}}\nlayouts: {{hub: {{}}}}\n"
                                  "blocks: {{x: {{tensors: {{{}}}, layouts: {{hub: {{{}}}}}}}}}\n",
                                  tensors, layouts));
  const RulesPtr other = Family("other", kToy);
  const auto with = [&](std::vector<std::string> more, size_t less = 0) {
    auto all = keys;
    all.resize(all.size() - less);
    for (const std::string& key : more) all.push_back({key, {3}});
    return Find({whole, other}, KeysOf(all)).what;
  };
  CHECK(with({"y"}) == "whole hub");
  // More keys besides, or keys that the family asks for and the file lacks: only a guess.
  CHECK(with({"y", "z"}) ==
        "RR408 `` no family fits in full: the closest, whole hub, knows 9 of 11 keys");
  CHECK(with({"y"}, 1) ==
        "RR408 `` no family fits in full: the closest, whole hub, knows 8 of 9 keys");
  // One that comes near.
  const RulesPtr near = Family(
      "near",
      fmt::format("axes: {{H: h}}\nlayouts: {{hub: {{}}}}\n"
                  "blocks: {{x: {{tensors: {{{}, j: H}}, layouts: {{hub: {{{}, j: 'j[H]'}}}}}}}}\n",
                  tensors, layouts));
  auto all = keys;
  all.push_back({"y", {3}});
  CHECK(Find({whole, near}, KeysOf(all)).what ==
        "RR408 `` no family fits in full: whole and near know 9 of 10 keys");
}

TEST_CASE("a family that fits as it is comes before one whose kinds had to be seen") {
  const char* blocks =
      "layouts: {hub: {}}\nblocks:\n  mlp: {%tensors: {w: L H}, layouts: {hub: {'w.{L}': H}}}\n";
  std::string kinds =
      std::string("axes: {L: l, H: h}\nkinds: {k: {dense: L < first, moe: else}}\n") + blocks +
      "  moe: {where: moe, tensors: {w: L H}, layouts: {hub: {'x.{L}': H}}}\n";
  kinds.replace(kinds.find('%'), 1, "where: dense, ");
  std::string plain = std::string("axes: {L: l, H: h}\n") + blocks;
  plain.replace(plain.find('%'), 1, "");
  const RulesPtr a = Family("a", kinds);
  const RulesPtr b = Family("b", plain);
  CHECK(Find({a, b}, KeysOf({{"w.0", {3}}, {"w.1", {3}}})).what == "b hub");
  CHECK(Find({a, b}, KeysOf({{"w.0", {3}}, {"x.1", {3}}})).what == "a hub");
}

TEST_CASE("of families of one name those are meant that the config does not contradict") {
  const RulesPtr two = Family("a", std::string("require: ['h == 2']\n") + kToy);
  const RulesPtr three = Family("a", std::string("require: ['h == 3']\n") + kToy);
  const auto meant = [&](Value::Map config) {
    return FamiliesOf({two, three}, Config(Value(std::move(config))));
  };
  CHECK(meant({{"model_type", "a"}, {"h", 2}}) == std::vector<RulesPtr>{two});
  CHECK(meant({{"model_type", "a"}, {"h", 3}}) == std::vector<RulesPtr>{three});
  CHECK(meant({{"model_type", "a"}, {"h", 4}}).size() == 2);
  CHECK(meant({{"model_type", "a"}}).size() == 2);
}

TEST_CASE("families that store the keys alike are named with the one that is taken") {
  const RulesPtr a = Family("a", kToy);
  const RulesPtr b = Family("b", kToy);
  const Detection found = Find({a, b}, KeysOf({{"v", {2, 3}}})).detection;
  CHECK(found.reasons ==
        std::vector<std::string>{
            "a other knows 1 of 1 keys",
            "b would store these keys alike; a config.json says which family it is"});
  REQUIRE(found.alike.size() == 1);
  CHECK(found.alike[0].rules == b);
  CHECK(found.alike[0].layout == "other");
  CHECK(Find({a, b}, KeysOf({{"v", {2, 3}}}), {{"model_type", "b"}}).detection.alike.empty());
}

TEST_CASE(
    "of families that store the keys alike the one that says the least besides stands first") {
  const std::string rules =
      "axes: {I: i, H: h}\nlayouts: {hub: {}}\n"
      "blocks:\n  b: {tensors: {w: I H}, layouts: {hub: {w: I H}}}\n";
  const std::string more = "  c: {optional: yes, tensors: {x: I}, layouts: {hub: {x: I}}}\n";
  const RulesPtr a = Family("a", rules + more);
  const RulesPtr b = Family("b", rules);
  CHECK(Find({a, b}, KeysOf({{"w", {2, 3}}})).what == "b hub");
  CHECK(Find({a, b}, KeysOf({{"w", {2, 3}}, {"x", {2}}})).what == "a hub");
}

TEST_CASE("of families that say as much the one that more systems have stands first") {
  const std::string one =
      "axes: {I: i}\nlayouts: {hub: {}%}\nblocks:\n  b: {tensors: {w: I}, layouts: {hub: {w: "
      "I}}}\n";
  std::string more = one;
  more.replace(more.find('%'), 1, ", other: {like: hub}");
  std::string less = one;
  less.replace(less.find('%'), 1, "");
  CHECK(Find({Family("a", less), Family("b", more)}, KeysOf({{"w", {2}}})).what == "b hub");
}

TEST_CASE("one whose kinds had to be seen is among those that store the keys alike") {
  const RulesPtr a = Family(
      "a",
      "axes: {L: l, H: h}\nkinds: {k: {dense: L < first, moe: else}}\nlayouts: {hub: {}}\nblocks:\n"
      "  mlp: {where: dense, tensors: {w: L H}, layouts: {hub: {'w.{L}': H}}}\n"
      "  moe: {where: moe, tensors: {w: L H}, layouts: {hub: {'x.{L}': H}}}\n");
  const RulesPtr b = Family("b",
                            "axes: {L: l, H: h}\nlayouts: {hub: {}}\nblocks:\n"
                            "  mlp: {tensors: {w: L H}, layouts: {hub: {'w.{L}': H}}}\n");
  const Detected found = Find({a, b}, KeysOf({{"w.0", {3}}, {"w.1", {3}}}));
  CHECK(found.what == "b hub");
  REQUIRE(found.detection.alike.size() == 1);
  CHECK(found.detection.alike[0].rules == a);
}

// Experts of 3 x 3: A and B of both orders have the same shapes.
TEST_CASE("of styles that fit alike the message says where they differ, and what each is") {
  const RulesPtr adapters = GoodAdapters();
  const std::string key = "base_model.model.model.layers.0.";
  const KeyTable table = KeysOf({{key + "experts.down.lora_A.weight", {4, 3}},
                                 {key + "experts.down.lora_B.weight", {3, 4}},
                                 {key + "norm.weight", {3}}});
  Diagnostics diagnostics;
  const Config config(Value(Value::Map{{"num_experts", 2}, {"hidden", 3}, {"ffn", 3}}));
  const Detection tie = Detect({adapters}, "", config, Config(), {}, table, {}, &diagnostics);
  CHECK(tie.rules == nullptr);
  REQUIRE(diagnostics.all().size() == 1);
  const Diagnostic& d = diagnostics.all()[0];
  CHECK(d.message == "keys and shapes fit toy folded and also toy direct");
  REQUIRE(d.notes.size() == 3);
  CHECK(d.notes[0].text == "folded and direct read 2 of 3 keys differently: " + key +
                               "experts.down.lora_A.weight and " + key +
                               "experts.down.lora_B.weight");
  CHECK(d.notes[1].text == "folded: a pair for each linear");
}

// Without the folded experts nothing tells the styles apart, and nothing needs to.
TEST_CASE("styles that read a file alike are one, and the usual one of twins stands for them") {
  const RulesPtr adapters = GoodAdapters();
  const std::string key = "base_model.model.model.layers.0.norm.weight";
  const Config config(Value(Value::Map{{"num_experts", 2}, {"hidden", 3}, {"ffn", 5}}));
  Diagnostics diagnostics;
  const Detection one =
      Detect({adapters}, "", config, Config(), {}, KeysOf({{key, {3}}}), {}, &diagnostics);
  CHECK(Findings(diagnostics) == "");
  CHECK(one.rules == adapters);
}

TEST_CASE("what no family knows") {
  const RulesPtr a = Family("a", kToy);
  const RulesPtr b = Family("b", kToy);
  CHECK(Find({a, b}, KeysOf({{"x", {1}}})).what ==
        "RR408 `` no layout of any family knows any of the 1 keys, for instance x");
  CHECK(Find({a, b}, KeysOf({})).what == "RR408 `` the checkpoint has no tensors");
  CHECK(Find({a, b}, KeysOf({{"v", {2, 3}}, {"x", {1}}, {"y", {1}}})).what ==
        "RR408 `` no family fits: the closest, a other, knows 1 of 3 keys");
  CHECK(Find({a, b}, KeysOf({{"v", {2, 3}}, {"x", {1}}})).what ==
        "RR408 `` no family fits in full: a and b know 1 of 2 keys");
  // A named family is taken as it is: binding says what does not fit.
  CHECK(Find({a}, KeysOf({{"v", {2, 3}}, {"x", {1}}})).what == "a other");
}

TEST_CASE("targets: layouts, systems and versions") {
  const RulesPtr a = Family(
      "a",
      std::string("targets: {transformers: {\"<5\": hub, \">=5\": other}, plain: hub, "
                  "peft: {\">=0.17,<0.19\": hub, \">=0.19, transformers<5\": turned, "
                  "\">=0.19, transformers>=5\": other}, split: {weights: hub, adapters: other}, "
                  "only: {adapters: other}, styled: pair}\n") +
          kToy,
      {"pair"});
  const auto target = [&](const std::string& text) {
    Diagnostics diagnostics;
    const auto resolved = ResolveTarget(*a, text, &diagnostics);
    CHECK(resolved.has_value() == diagnostics.all().empty());
    return resolved ? resolved->layout : CodesOf(diagnostics) + " " + diagnostics.all()[0].message;
  };
  const auto helps = [&](const std::string& text) {
    Diagnostics diagnostics;
    ResolveTarget(*a, text, &diagnostics);
    return diagnostics.all()[0].help;
  };
  CHECK(target("turned") == "turned");
  CHECK(target("plain") == "hub");
  CHECK(target("plain@1.0") == "hub");
  CHECK(target("transformers@4.57.1") == "hub");
  CHECK(target("transformers@5.0") == "other");
  CHECK(target("peft@0.18") == "hub");
  CHECK(target("peft@0.19,transformers@4.57") == "turned");
  CHECK(target("peft@0.19,transformers@5") == "other");
  CHECK(target("split") == "hub");
  CHECK(target("peft@0.19") ==
        "RR305 what `peft` stores depends on versions, and `peft@0.19` decides none of them");
  CHECK(target("transformers") ==
        "RR305 what `transformers` stores depends on versions, and `transformers` decides none of "
        "them");
  CHECK(target("transformers@x") == "RR305 `x` is no version: it is written `transformers@1.2.3`");
  CHECK(target("peft@0.16,transformers@5") ==
        "RR305 no version range of `peft` has `peft@0.16,transformers@5`");
  // A layout is what systems of some versions store, and has no versions of its own.
  CHECK(target("hub@5") == "RR305 `hub@5`: `hub` is a layout, and only systems have versions");
  CHECK(helps("hub@5") ==
        "write `hub`; it is spoken by transformers <5, plain, peft >=0.17,<0.19 and split");
  CHECK(helps("again@5") == "write `again`; no system speaks it");
  CHECK(target("nowhere") == "RR303 family `a` has no layout and no target `nowhere`");
  CHECK(target("") == "RR303 family `a` has no layout and no target ``");
  CHECK(target("only") == "RR303 `only` stores adapters, no weights of models");
  CHECK(target("styled") ==
        "RR303 `styled` stands for `pair`, which in family `a` is no layout of weights");
  CHECK(helps("styled") ==
        "targets: hub, again, turned, other, transformers, plain, peft and split");
  // Behind the first system come versions that its ranges ask for.
  CHECK(target("plain,transformers") ==
        "RR305 a target is one system: behind `plain` come versions that decide what it stores, "
        "and `transformers` is none");
  // A version that no range asks for is known to the user, and decides nothing.
  CHECK(target("plain,transformers@5") == target("plain"));
  CHECK(target("plain,") ==
        "RR305 a target is one system: behind `plain` come versions that decide what it stores, "
        "and `` is none");
}

TEST_CASE("the library: order of folders, common parts, names that are paths") {
  MemoryFiles files;
  const std::string body =
      "\naxes: {H: h}\nlayouts: {hub: {}}\nblocks: {b: {tensors: {w: H}, layouts: {hub: {w: "
      "H}}}}\n";
  files.Put("/own/a.yaml", "rule-runner: 1\nfamily: a\nabout: own" + body);
  files.Put("/rules/a.yaml", "rule-runner: 1\nfamily: a\nabout: theirs" + body);
  files.Put("/rules/b.yaml", "rule-runner: 1\nfamily: b\nextends: [part, near]\n");
  files.Put("/rules/common/part.yaml", "rule-runner: 1\nfamily: part" + body);
  files.Put("/rules/near.yaml", "rule-runner: 1\nfamily: near\naxes: {V: v}\n");
  files.Put("/own/c.yaml", "rule-runner: 1\nfamily: c\nextends: [part]\n");
  files.Put("/own/d.yaml", "rule-runner: 1\nfamily: d\nextends: [../secret]\n" + body);
  files.Put("/own/e.yaml", "rule-runner: 1\nfamily: e\nextends: [wrong]\n");
  files.Put("/own/f.yaml", "rule-runner: 1\nfamily: f\nextends: [wrong]\n");
  files.Put("/own/common/wrong.yaml", "rule-runner: 1\nfamily: wrong" + body + "oops: 1\n");
  files.Put("/secret.yaml", "rule-runner: 1\nfamily: secret\n");
  files.Put("/own/.hidden.yaml", "x");
  files.Put("/own/readme.txt", "x");
  RuleLibrary library(files, {"/own", "/rules", "/nowhere"});
  CHECK(library.Families() == std::vector<std::string>{"a", "b", "c", "d", "e", "f", "near"});
  CHECK(library.PathOf("a") == "/own/a.yaml");
  CHECK(library.PathOf("b") == "/rules/b.yaml");
  CHECK(library.PathOf("part") == "");
  for (const char* path : {"../secret", "/secret", "", ".hidden", "x/../a"})
    CHECK(library.PathOf(path) == "");
  Diagnostics diagnostics;
  const RulesPtr a = library.Load("a", &diagnostics);
  REQUIRE(a != nullptr);
  CHECK(a->file->about == "own");
  CHECK(library.Load("a", &diagnostics) == a);
  const RulesPtr b = library.Load("b", &diagnostics);
  REQUIRE(b != nullptr);
  CHECK(b->file->sources.size() == 3);
  CHECK(b->file->FindAxis("V") != nullptr);
  CHECK(library.Load("c", &diagnostics) != nullptr);
  CHECK(Findings(diagnostics) == "");
  CHECK(library.Load("d", &diagnostics) != nullptr);
  CHECK(CodesOf(diagnostics) == "RR006");
  // A mistake in a shared part is one finding, and spoils only those that have it.
  const RulesPtr e = library.Load("e", &diagnostics);
  const RulesPtr f = library.Load("f", &diagnostics);
  CHECK(CodesOf(diagnostics) == "RR006 RR003");
  CHECK_FALSE(e->valid);
  CHECK_FALSE(f->valid);
  files.Put("/own/g.yaml", "rule-runner: 1\nfamily: g" + body);
  CHECK(library.Load("g", &diagnostics)->valid);
  CHECK(library.Load("nowhere", &diagnostics) == nullptr);
  CHECK(library.LoadFile("/nowhere.yaml", &diagnostics) == nullptr);
  CHECK(library.LoadFile("/own", &diagnostics) == nullptr);
  CHECK(CodesOf(diagnostics) == "RR006 RR003 RR408 RR001 RR001");
}

}  // namespace
}  // namespace rr
