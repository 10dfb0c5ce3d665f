// A toy family and the styles of its adapters. All sizes and ranks are different numbers, so that
// an axis that is taken for another one changes a shape.
#ifndef RULE_RUNNER_TESTS_UNIT_TOY_ADAPTERS_H_
#define RULE_RUNNER_TESTS_UNIT_TOY_ADAPTERS_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "check/derive_adapters.h"
#include "unit/rule_text.h"

namespace rr {

inline const char* kToyFamily = R"(
describes: {model_type: [toy]}
axes: {L: num_layers, E: num_experts, I: ffn, H: hidden, Q: q_size, V: v_size}
targets: {peft: {"<0.19.1": direct, ">=0.19.1": folded}}
layouts:
  split: {prefixes: {m: ["model.", ""]}, place: {L: "{m}layers.{L}."}}
  fused: {prefixes: {m: ["model.", ""]}, place: {L: "{m}layers.{L}."}}
  stack: {place: {L: {"stack.": L}}}
blocks:
  experts:
    tensors: {gate: "L E : I <- H", up: "L E : I <- H", down: "L E : H <- I"}
    layouts:
      split:
        "{L}experts.{E}.gate.weight": "gate[I H]"
        "{L}experts.{E}.up.weight": "up[I H]"
        "{L}experts.{E}.down.weight": "down[H I]"
      fused: {"{L}experts.gate_up": "E {gate[I] | up[I]} H", "{L}experts.down": "down[E H I]"}
      stack: {"{L}gate.kernel": "gate[E L H I]", "{L}up.kernel": "up[E L H I]", "{L}down.kernel": "down[E L I H]"}
  attention:
    tensors: {q: {is: "L : Q <- H", bias: optional}, v: {is: "L : V <- H", bias: optional}}
    layouts:
      split: {"{L}q.weight": "q[Q H]", "{L}v.weight": "v[V H]"}
      fused: {"{L}qv.weight": "{q[Q] | v[V]} H"}
      stack: {"{L}q.kernel": "q[H L Q]", "{L}v.kernel": "v[H L V]"}
  norm:
    tensors: {n: L H}
    layouts: {split: {"{L}norm.weight": "n[H]"}, fused: {"{L}norm.weight": "n[H]"}, stack: {"{L}norm.scale": "n[L H]"}}
)";

inline const char* kToyStyles = R"(
rule-runner: 1
styles:
  pair:
    about: a pair for each linear
    base: [gone, split]
    prefixes: {p: ["base_model.model.", ""]}
    modules:
      - of: '(.*)\.weight'
        keys:
          '{p}\1.lora_A.weight': R IN
          '{p}\1.lora_B.weight': OUT R
          '{p}\1.lora_B.bias': {is: OUT, holds: bias}
          '{p}\1.lora_magnitude_vector': {is: OUT, holds: magnitude}
      - of: '(.*)'
        keys: {'{p}\0': {holds: saved}}
  folded:
    like: pair
    base: fused
    let: {X: D2, Y: D1, Fold: (R E)}
    modules:
      - of: '(.*experts\.(?:gate_up|down))'
        parameter: yes
        keys: {'{p}\1.lora_A.weight': (E R) X, '{p}\1.lora_B.weight': Y Fold}
    marks: ["order == 'swapped'"]
  direct:
    like: folded
    let: {X: D1, Y: D2}
    marks: ["order == 'direct'"]
    unless: ["order == 'swapped'"]
  blocked:
    like: folded
    let: {Fold: (E R)}
    twin of: folded
    marks: ["columns == 'experts'"]
    stamp: {columns: '"experts"'}
  stacked:
    base: stack
    rank: tensors
    uniform: yes
    modules:
      - of: '(.*)\.kernel'
        keys: {'\1.lora_a': BATCH IN R, '\1.lora_b': BATCH R OUT}
  sharing:
    base: split
    prefixes: {p: [""]}
    rank: tensors
    one of:
      outer:
        - of: '(.*experts)\.\{E\}\.(gate|up)\.weight'
          keys: {'{p}\1.\2.A': {is: R IN, replicate: E}, '{p}\1.{E}.\2.B': OUT R}
      each:
        - of: '(.*experts\.\{E\}\.(?:gate|up))\.weight'
          keys: {'{p}\1.A': R IN, '{p}\1.B': OUT R}
    partial: gate and up only
  parts:
    base: fused
    prefixes: {p: [""]}
    modules:
      - of: '(.*experts)\.gate_up'
        keys:
          '{p}\1.w1.A': {is: E R IN, part: gate}
          '{p}\1.w1.B': {is: E OUT R, part: gate}
          '{p}\1.w3.A': {is: E R IN, part: up}
          '{p}\1.w3.B': {is: E OUT R, part: up}
    partial: gate and up only
  factors:
    base: "*"
    rank: tensors
    modules:
      - of: '(.*)'
        keys:
          '\0:A': BATCH R IN
          '\0:B': BATCH OUT R
          '\0:magnitude': {is: BATCH OUT, holds: magnitude}
          '\0:bias': {is: BATCH OUT, holds: bias}
          '\0': {holds: saved}
)";

inline constexpr int64_t kLayers = 2, kExperts = 3, kFfn = 5, kHidden = 7, kQ = 11, kV = 4;

inline Value::Map ToyConfig() {
  return {{"model_type", "toy"}, {"num_layers", kLayers}, {"num_experts", kExperts},
          {"ffn", kFfn},         {"hidden", kHidden},     {"q_size", kQ},
          {"v_size", kV}};
}

inline std::vector<StylePtr> StylesOf(const std::string& text, Diagnostics* diagnostics) {
  std::vector<StylePtr> styles;
  const auto tree = ParseYaml(KeepSource("styles.yaml", text), diagnostics);
  if (!tree) return styles;
  for (AdapterStyle& style : ParseAdapterStyles(*tree, diagnostics))
    styles.push_back(std::make_shared<AdapterStyle>(std::move(style)));
  return styles;
}

using RulesOf = std::shared_ptr<const CheckedRules>;

// The rules of a family's adapters; nothing may be found in the weights and the styles.
inline RulesOf AdaptersOf(const std::string& family, const std::string& styles,
                          Diagnostics* diagnostics) {
  Diagnostics found;
  const std::vector<StylePtr> parsed = StylesOf(styles, &found);
  std::optional<RuleFile> file = ParseText(WithHeader(family), &found);
  REQUIRE(Findings(found) == "");
  REQUIRE(file.has_value());
  for (const StylePtr& style : parsed) file->style_names.push_back(style->name.text);
  auto weights = std::make_shared<const CheckedRules>(Check(std::move(*file), &found));
  REQUIRE(Findings(found) == "");
  return std::make_shared<const CheckedRules>(
      Check(DeriveAdapters(*weights, parsed, diagnostics), diagnostics));
}

inline RulesOf GoodAdapters(const std::string& family = kToyFamily,
                            const std::string& styles = kToyStyles) {
  Diagnostics diagnostics;
  RulesOf rules = AdaptersOf(family, styles, &diagnostics);
  REQUIRE(Findings(diagnostics) == "");
  REQUIRE(rules->valid);
  return rules;
}

// The entries of a layout, one a line: variant, key, expression, what it replicates, shape.
inline std::string EntriesOf(const CheckedRules& rules, const std::string& layout_name) {
  const CheckedLayout* layout = rules.FindLayout(layout_name);
  if (layout == nullptr) return "no such layout";
  std::string out;
  for (const CheckedEntry& entry : layout->entries) {
    std::vector<std::string> shape;
    for (const Poly& extent : entry.shape) shape.push_back(extent.ToString());
    out +=
        fmt::format("{}{} = {} [{}]", entry.variant == 0 ? "" : fmt::format("{}: ", entry.variant),
                    entry.key.ToString(), ToString(entry.expr), fmt::join(shape, ", "));
    for (const Name& axis : entry.rule->replicate) out += " x" + axis.text;
    out += "\n";
  }
  return out;
}

}  // namespace rr

#endif  // RULE_RUNNER_TESTS_UNIT_TOY_ADAPTERS_H_
