#include "syntax/rule_file.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "unit/rule_text.h"

namespace rr {
namespace {

RuleFile Good(const std::string& text) {
  Diagnostics diagnostics;
  auto file = ParseText(WithHeader(text), &diagnostics);
  CHECK(Findings(diagnostics) == "");
  REQUIRE(file.has_value());
  return *file;
}

std::string FaultsOf(const std::string& text) {
  Diagnostics diagnostics;
  ParseText(text, &diagnostics);
  return Findings(diagnostics);
}

Diagnostics FoundIn(const std::string& text) {
  Diagnostics diagnostics;
  ParseText(WithHeader(text), &diagnostics);
  return diagnostics;
}

// What is wrong with one member of a file.
std::string FaultOf(const std::string& text) { return FaultsOf(WithHeader(text)); }

EntryRule EntryOf(const std::string& entry) {
  return Good("blocks: {b: {tensors: {w: H}, layouts: {hub: {key: " + entry + "}}}}\n")
      .blocks[0]
      .tables[0]
      .variants[0]
      .entries.at(0);
}

TEST_CASE("the header") {
  const RuleFile file = Good(
      "about: words\ndescribes: {model_type: [a, b], architectures: C}\nrequire: ['x == 1', y]\n");
  CHECK(file.family.text == "toy");
  CHECK(Covered(file.family.place) == "toy");
  CHECK(file.about == "words");
  REQUIRE(file.model_types.size() == 2);
  CHECK(file.model_types[1].text == "b");
  REQUIRE(file.architectures.size() == 1);
  CHECK(file.architectures[0].text == "C");
  CHECK(file.require.size() == 2);
  CHECK(FaultsOf("family: x\n").starts_with("RR007"));
  CHECK(FaultsOf("rule-runner: 2\nfamily: x\n") ==
        "RR007 `2` this build reads version 1 of the language: `rule-runner: 1`");
  CHECK(FaultsOf("rule-runner: 1\n").starts_with("RR005"));
  CHECK(FaultOf("famly: x\n") == "RR003 `famly` a rule file has no field `famly`");
  CHECK(FaultOf("describes: {models: x}\n") == "RR003 `models` `describes` has no field `models`");
  CHECK(FaultOf("about: [x]\n").starts_with("RR004 `[x]`"));
}

TEST_CASE("axes") {
  const RuleFile file = Good(
      "axes: {L: layers, H': \"hidden_size\", D: {full: a, window: b}, R: free, Vp: {free: V + 1}, "
      "P: [g, u]}\n");
  REQUIRE(file.axes.size() == 6);
  CHECK(file.FindAxis("L")->kind == AxisRule::Kind::kFormula);
  CHECK(file.FindAxis("H'")->formula->text().text == "hidden_size");
  CHECK(file.FindAxis("D")->kind == AxisRule::Kind::kByKind);
  CHECK(file.FindAxis("D")->by_kind.size() == 2);
  CHECK(file.FindAxis("R")->kind == AxisRule::Kind::kFree);
  CHECK_FALSE(file.FindAxis("R")->formula.has_value());
  CHECK(file.FindAxis("Vp")->kind == AxisRule::Kind::kFree);
  CHECK(file.FindAxis("Vp")->formula->text().text == "V + 1");
  CHECK(file.FindAxis("P")->words == std::vector<std::string>{"g", "u"});
  CHECK(file.FindAxis("X") == nullptr);
  CHECK(FaultOf("axes: {l: x}\n") == "RR201 `l` `l` is no axis name: axes are Capitalised");
  CHECK(FaultOf("axes: {L: 'a +'}\n").starts_with("RR301"));
  CHECK(FaultOf("axes: {L: {free: x, y: z}}\n") == "RR003 `y` a free axis has no field `y`");
  CHECK(FaultOf("axes: {L: {is: x, free: z}}\n").starts_with("RR003"));
  CHECK(FaultOf("blocks: {b: {tensors: {w: {is: H, dtype: I8}}}}\n").starts_with("RR211"));
  CHECK(FaultOf("axes: [L]\n").starts_with("RR004"));
}

// Words stand in keys and must be told apart there.
TEST_CASE("words of an axis") {
  CHECK(FaultOf("axes: {P: [a, a]}\n") == "RR101 `a` `a` is a word of P twice");
  for (const char* word : {"''", "'a|b'", "'a b'"}) {
    CAPTURE(word);
    CHECK(CodesOf(FoundIn(fmt::format("axes: {{P: [a, {}]}}\n", word))) == "RR101");
  }
}

TEST_CASE("kinds") {
  const RuleFile file = Good("kinds: {attention: {full: 'L == 1', window: else}}\n");
  REQUIRE(file.kinds.size() == 1);
  CHECK(file.kinds[0].cases[0].second->text().text == "L == 1");
  CHECK_FALSE(file.kinds[0].cases[1].second.has_value());
  CHECK(FaultOf("kinds: {k: {a: [x]}}\n").starts_with("RR004"));
}

TEST_CASE("targets") {
  const RuleFile file = Good(
      "targets: {s: hub, t: {\"<5\": hub, \">=5\": {weights: a, adapters: b}}, u: {weights: w}}\n");
  REQUIRE(file.targets.size() == 3);
  CHECK(file.targets[0].cases[0].weights.text == "hub");
  CHECK(file.targets[0].cases[0].adapters.text == "hub");
  CHECK_FALSE(file.targets[0].cases[0].versions.has_value());
  REQUIRE(file.targets[1].cases.size() == 2);
  CHECK(file.targets[1].cases[1].weights.text == "a");
  CHECK(file.targets[1].cases[1].adapters.text == "b");
  CHECK(Covered(file.targets[1].cases[1].place).find(">=5") != std::string::npos);
  CHECK(file.targets[2].cases[0].weights.text == "w");
  CHECK(file.targets[2].cases[0].adapters.text == "");
  CHECK(FaultOf("targets: {s: {\"<x\": hub}}\n").starts_with("RR305"));
  CHECK(FaultOf("targets: {s: {weight: hub}}\n").starts_with("RR003 `weight`"));
}

TEST_CASE("layouts") {
  const RuleFile file = Good(
      "layouts:\n"
      "  hub:\n"
      "    like: base\n"
      "    about: words\n"
      "    prefixes: {m: [model., ''], n: one}\n"
      "    place: {L: '{m}layers.{L}.', K: {'a.{N}.': '', 'b.': B J}}\n"
      "    refine: {L: '{N | M}', K: T Kt}\n"
      "    ignore: {'.*_x': why}\n"
      "    pass: vision.*\n"
      "    partial: because\n"
      "    require: 'x == 1'\n");
  const LayoutRule* hub = file.FindLayout("hub");
  REQUIRE(hub != nullptr);
  CHECK(hub->like->text == "base");
  CHECK(hub->about == "words");
  REQUIRE(hub->prefixes.size() == 2);
  CHECK(hub->prefixes[0].second.size() == 2);
  CHECK(hub->prefixes[0].second[1].text == "");
  CHECK(hub->prefixes[1].second[0].text == "one");
  REQUIRE(hub->place.size() == 2);
  CHECK(hub->place[0].cases[0].key.ToString() == "{m}layers.{L}.");
  CHECK(hub->place[0].cases[0].dims.empty());
  REQUIRE(hub->place[1].cases.size() == 2);
  CHECK(ToString(hub->place[1].cases[1].dims) == "B J");
  CHECK(ToString(hub->refine[0].expr) == "{N | M}");
  CHECK(hub->refine[1].axis.text == "K");
  CHECK(hub->ignore[0].regex.text == ".*_x");
  CHECK(hub->ignore[0].reason == "why");
  CHECK(hub->pass[0].text == "vision.*");
  const RuleFile trees = Good(
      "layouts: {hub: {pass: {vision: model.visual., audio: ears.}}, other: {pass: ['x.*', "
      "{vision: "
      "v.}, y]}}\n");
  REQUIRE(trees.FindLayout("hub")->pass.size() == 2);
  CHECK(trees.FindLayout("hub")->pass[0].text == "(?P<vision>model\\.visual\\.).*");
  REQUIRE(trees.FindLayout("other")->pass.size() == 3);
  CHECK(trees.FindLayout("other")->pass[1].text == "(?P<vision>v\\.).*");
  CHECK(FaultOf("layouts: {hub: {pass: {vision: [a, b]}}}\n").starts_with("RR004"));
  CHECK(hub->partial == "because");
  CHECK(hub->require.size() == 1);
  CHECK(FaultOf("layouts: {hub: {prefix: {}}}\n").starts_with("RR003 `prefix`"));
  CHECK(FaultOf("layouts: {hub: {prefixes: {M: x}}}\n").starts_with("RR101 `M`"));
  CHECK(FaultOf("layouts: {hub: {place: {L: 'a{'}}}\n").starts_with("RR101 `{`"));
  CHECK(FaultOf("layouts: {hub: {refine: {L: 'a'}}}\n").starts_with("RR201 `a`"));
  CHECK(FaultOf("layouts: {hub: {ignore: [x]}}\n").starts_with("RR004"));
  CHECK(FaultOf("layouts: {hub: x}\n").starts_with("RR004 `x`"));
}

TEST_CASE("tensors") {
  const RuleFile file = Good(
      "blocks: {b: {where: full, tensors: {a: L H, w: {is: \"L E : I <- H\", bias: yes}, v: \"V <- "
      "H\", s: ''}}}\n");
  REQUIRE(file.blocks.size() == 1);
  const BlockRule* block = &file.blocks[0];
  CHECK(block->where->text().text == "full");
  REQUIRE(block->tensors.size() == 4);
  const TensorRule& w = block->tensors[1];
  CHECK(w.batch.size() == 2);
  CHECK(w.out[0].text == "I");
  CHECK(w.in[0].text == "H");
  CHECK(w.linear);
  CHECK(w.bias);
  CHECK(w.Axes().size() == 4);
  CHECK_FALSE(block->tensors[0].linear);
  CHECK(block->tensors[0].out.size() == 2);
  CHECK(block->tensors[2].batch.empty());
  CHECK(block->tensors[3].Axes().empty());
  const auto fault = [](const std::string& tensor) {
    return FaultOf("blocks: {b: {tensors: {" + tensor + "}}}\n");
  };
  CHECK(fault("w: 'L : H'") ==
        "RR211 `:` `:` separates batch axes from `output <- input`, and there is no `<-`");
  CHECK(fault("w: H h") == "RR211 `h` `h` is no axis: axes are Capitalised");
  CHECK(fault("w: H <- H") == "RR211 `H` axis `H` is named twice");
  CHECK(fault("W: H") == "RR211 `W` `W` is no tensor name: tensors are lower case");
  CHECK(fault("w: {bias: yes}").starts_with("RR005"));
  CHECK(fault("w: {is: H, biases: yes}").starts_with("RR003 `biases`"));
  CHECK(fault("w: {is: H, bias: maybe}").starts_with("RR004"));
  CHECK(fault("w: 'I <- H <- G'").starts_with("RR211"));
  CHECK(FaultOf("blocks: {b: {where: x}}\n") == "RR005 `b` block `b` has no `tensors`");
  CHECK(FaultOf("blocks: {b: {tensor: {}}}\n").find("RR003 `tensor`") != std::string::npos);
}

TEST_CASE("what a key holds") {
  CHECK(ToString(EntryOf("H").expr) == "w[H]");
  CHECK(ToString(EntryOf("''").expr) == "w[]");
  CHECK(ToString(EntryOf("{is: H}").expr) == "w[H]");
  CHECK(ToString(EntryOf("{is: I H, of: v}").expr) == "v[I H]");
  const EntryRule shaped = EntryOf("{is: H, shape: [2*I, H]}");
  CHECK(shaped.has_shape);
  CHECK(shaped.shape[0].text == "2*I");
  const EntryRule match = EntryOf("{is: H, match: '(?P<L>[0-9]+)x', write: 'a.{L}'}");
  CHECK(match.match->text == "(?P<L>[0-9]+)x");
  CHECK(match.key.ToString() == "a.{L}");
  const EntryRule words = EntryOf(
      "{is: H, cast: F32, add: 1, multiply: sqrt(D), back: 1 / D, in: bf16, pad: {to: V + 1, dim: "
      "1, check: zero}, "
      "replicate: [E, G], tied: yes}");
  CHECK(words.cast == Dtype::kF32);
  CHECK(words.add->text().text == "1");
  CHECK(words.multiply->text().text == "sqrt(D)");
  CHECK(words.back->text().text == "1 / D");
  CHECK(words.in == Dtype::kBF16);
  REQUIRE(words.pad.has_value());
  CHECK(words.pad->dim == 1);
  CHECK(words.pad->check_zero);
  CHECK(words.replicate.size() == 2);
  CHECK(words.tied);
  CHECK(EntryOf("{drop: it is computed}").drop == "it is computed");
  CHECK(EntryOf("{is: H, replicate: E}").replicate[0].text == "E");
}

TEST_CASE("what a key cannot hold") {
  const auto fault = [](const std::string& entry) {
    return FaultOf("blocks: {b: {tensors: {w: H}, layouts: {hub: {key: " + entry + "}}}}\n");
  };
  CHECK(fault("{is: H, cast: I8}").starts_with("RR210 `I8`"));
  CHECK(fault("{is: H, back: 2}").starts_with("RR210 `2`"));
  CHECK(fault("{is: H, in: bf16}").starts_with("RR210 `bf16`"));
  CHECK(fault("{is: H, add: 1, in: f16}").starts_with("RR210 `f16`"));
  CHECK(fault("{is: H, pad: {dim: 0}}").starts_with("RR005"));
  CHECK(fault("{is: H, pad: {to: V, check: one}}").starts_with("RR210 `one`"));
  CHECK(fault("{is: H, pad: {to: 'V +'}}").starts_with("RR301"));
  CHECK(fault("{is: H, pad: {to: V, dim: x}}").starts_with("RR004 `x`"));
  CHECK(fault("{is: H, replicate: e}") == "RR210 `e` `e` is no axis");
  CHECK(fault("{is: H, tied: 1}").starts_with("RR004 `1`"));
  CHECK(fault("{drop: ''}").starts_with("RR210"));
  CHECK(fault("{match: a}").find("`write` must say what is written") != std::string::npos);
  CHECK(fault("{}").starts_with("RR005"));
  CHECK(fault("[H]").starts_with("RR004"));
  CHECK(fault("{is: H, multipy: 2}").starts_with("RR003 `multipy`"));
}

TEST_CASE("tables: variants share the common keys, defaults, partial") {
  const RuleFile file = Good(
      "blocks: {b: {tensors: {w: H, v: H}, layouts: {hub: {both: 'v[H]', partial: why, default: "
      "{v: 0.5}, "
      "one of: {x: {a: 'w[H]'}, y: {b: 'w[H]'}}}}}}\n");
  const TableRule& table = file.blocks[0].tables[0];
  CHECK(table.layout.text == "hub");
  CHECK(table.partial == "why");
  REQUIRE(table.defaults.size() == 1);
  CHECK(table.defaults[0].tensor.text == "v");
  REQUIRE(table.variants.size() == 2);
  CHECK(table.variants[0].name.text == "x");
  REQUIRE(table.variants[1].entries.size() == 2);
  CHECK(table.variants[1].entries[0].key.ToString() == "both");
  CHECK(table.variants[1].entries[1].key.ToString() == "b");
}

TEST_CASE("an element that a layout does not store") {
  const RuleFile file = Good("tests: [{element: 'b.w[1]', hub: nowhere}]\n");
  REQUIRE(file.tests[0].expectations.size() == 1);
  CHECK(file.tests[0].expectations[0].key.empty());
}

TEST_CASE("tests") {
  const RuleFile file = Good(
      "tests: [{sizes: {L: 2, E: 4}, config: {tie: 'true'}, element: 'b.w[1, 3]', hub: [x.1, 3], "
      "megatron: [y, 1, 3]}]\n");
  REQUIRE(file.tests.size() == 1);
  const TestRule& test = file.tests[0];
  CHECK(test.sizes[1].second == 4);
  CHECK(test.config[0].second.text == "true");
  CHECK(test.element->text == "b.w[1, 3]");
  REQUIRE(test.expectations.size() == 2);
  CHECK(test.expectations[1].layout.text == "megatron");
  CHECK(test.expectations[1].key == "y");
  CHECK(test.expectations[1].position == std::vector<int64_t>{1, 3});
  CHECK(FaultOf("tests: [{hub: x}]\n").starts_with("RR004 `x` the place of an element is a list"));
  CHECK(
      FaultOf("tests: [{sizes: {L: x}, element: 'b.w[0]', hub: [x]}]\n").starts_with("RR004 `x`"));
}

TEST_CASE("what tests say of a model beside an element") {
  const RuleFile file = Good(
      "tests: [{element: 'b.w[1]', hub: [[x, 1], [y, 2]], values: {hub: -0.5, megatron: nowhere}, "
      "counts: {hub: {tensors: 3}}, shapes: {hub: {x: [F32, 2, 3], y: absent}}, passed: {hub: v.x, "
      "megatron: nowhere}}]\n");
  const TestRule& test = file.tests[0];
  REQUIRE(test.expectations.size() == 2);
  CHECK(test.expectations[0].written);
  CHECK(!test.expectations[1].written);
  REQUIRE(test.values.size() == 2);
  CHECK(test.values[0].value == -0.5);
  CHECK(std::isnan(test.values[1].value));
  REQUIRE(test.counts.size() == 1);
  CHECK(test.counts[0].tensors == 3);
  CHECK(!test.counts[0].elements);
  REQUIRE(test.shapes.size() == 2);
  CHECK(test.shapes[0].dtype == Dtype::kF32);
  CHECK(test.shapes[0].dims == std::vector<int64_t>{2, 3});
  CHECK(test.shapes[1].absent);
  REQUIRE(test.passed.size() == 2);
  CHECK(test.passed[0].key == "v.x");
  CHECK(test.passed[1].key.empty());
}

TEST_CASE("tests of keys and targets") {
  const RuleFile file = Good(
      "tests: [{key: x, hub: ignored, megatron: unknown}, {target: peft@0.19, weights: none, "
      "adapters: direct, one scale: yes, uniform: yes, only pairs: yes}]\n");
  REQUIRE(file.tests.size() == 2);
  CHECK(file.tests[0].key->text == "x");
  REQUIRE(file.tests[0].uses.size() == 2);
  CHECK(file.tests[0].uses[0].kind == KeyKind::kIgnored);
  CHECK(file.tests[1].target->text == "peft@0.19");
  CHECK(file.tests[1].speaks.adapters.text == "direct");
  CHECK(file.tests[1].speaks.one_scale);
  CHECK(file.tests[1].speaks.uniform);
  CHECK(file.tests[1].speaks.only_pairs);
  const RuleFile styles =
      Good("tests: [{among: [a, b], is: a, adapter_config: {order: '\"x\"'}}]\n");
  REQUIRE(styles.tests[0].among.size() == 2);
  CHECK(styles.tests[0].among[0].is);
  CHECK_FALSE(styles.tests[0].among[1].is);
  CHECK(styles.tests[0].adapter_config[0].second.text == "\"x\"");
  CHECK(FaultOf("tests: [{key: x, hub: known}]\n").starts_with("RR004 `known` what a key is"));
}

}  // namespace
}  // namespace rr
