#include "run/adapter_config_out.h"

#include <doctest/doctest.h>

#include <cmath>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "io/json.h"
#include "unit/toy_adapters.h"

namespace rr {
namespace {

AdaptedModule Module(const std::string& weight, int64_t rank, std::optional<double> alpha,
                     std::optional<double> scale, bool parameter = false) {
  return {weight, parameter, rank, alpha, scale};
}

struct Wanted {
  std::string from = "pair", to = "pair";
  TargetCase loader;
  bool has_loader = false;
  std::string system;
};

std::string Make(const AdapterConversion& conversion, Value::Map source = {},
                 const Wanted& wanted = {}, std::string* findings = nullptr) {
  static const RulesOf rules = GoodAdapters();
  ResolvedTarget target;
  target.layout = wanted.to;
  target.system = wanted.system;
  if (wanted.has_loader) target.loader = &wanted.loader;
  Diagnostics diagnostics;
  const std::optional<Value> made =
      MakeAdapterConfig(Config(Value(std::move(source))), *rules, *rules->FindLayout(wanted.from),
                        *rules->FindLayout(wanted.to), target, conversion, &diagnostics);
  if (findings != nullptr) *findings = Findings(diagnostics);
  return made ? ToJson(*made) : "";
}

// One member of the config, as JSON; "absent" when it is not there.
std::string Member(const AdapterConversion& conversion, const std::string& name,
                   Value::Map source = {}, const Wanted& wanted = {}) {
  Diagnostics diagnostics;
  const std::string json = Make(conversion, std::move(source), wanted);
  const std::string start = "\"" + name + "\": ";
  const size_t at = json.find(start);
  if (at == std::string::npos) return "absent";
  size_t end = at + start.size();
  for (int depth = 0; end < json.size(); ++end) {
    if (json[end] == '[' || json[end] == '{') ++depth;
    if ((json[end] == ']' || json[end] == '}') && --depth < 0) break;
    if (json[end] == ',' && depth == 0) break;
  }
  return json.substr(at + start.size(), end - at - start.size());
}

AdapterConversion Conversion2(std::vector<AdaptedModule> modules,
                              std::vector<std::string> all = {}) {
  AdapterConversion conversion;
  conversion.modules = std::move(modules);
  conversion.all_modules = std::move(all);
  return conversion;
}

TEST_CASE("a whole config: what nothing decides is kept, in its place") {
  const AdapterConversion conversion =
      Conversion2({Module("model.layers.0.q.weight", 8, 16, 2)}, {"model.layers.0.q"});
  CHECK(
      Make(conversion, {{"lora_dropout", 0.25}, {"r", 3}, {"mine", Value::List{1}}}) ==
      R"({"lora_dropout": 0.25, "r": 8, "mine": [1], "peft_type": "LORA", "task_type": "CAUSAL_LM", )"
      R"("base_model_name_or_path": null, "bias": "none", "fan_in_fan_out": false, )"
      R"("inference_mode": true, "lora_alpha": 16, "rank_pattern": {}, "alpha_pattern": {}, )"
      R"("use_rslora": false, "use_dora": false, "target_modules": ["q"]})");
}

TEST_CASE("the setting of most modules; the others by patterns that begin with ^") {
  const AdapterConversion conversion = Conversion2(
      {Module("model.layers.0.k.weight", 6, 3, 0.5), Module("model.layers.0.q.weight", 8, 16, 2),
       Module("model.layers.0.v.weight", 8, 16, 2), Module("model.layers.1.k.weight", 6, 3, 0.5),
       Module("model.layers.1.q.weight", 8, 4.5, 0.5625),
       Module("model.layers.1.v.weight", 8, 16, 2)});
  CHECK(Member(conversion, "r") == "8");
  CHECK(Member(conversion, "lora_alpha") == "16");
  // k alike in all layers: one pattern; q of layer 1 alone: its own.
  CHECK(Member(conversion, "rank_pattern") == R"({"^model\\.layers\\.\\d+\\.k": 6})");
  CHECK(Member(conversion, "alpha_pattern") ==
        R"({"^model\\.layers\\.\\d+\\.k": 3, "^model\\.layers\\.1\\.q": 4.5})");
}

// PEFT takes the first pattern of a file, which is sorted, that re.match finds for the module as
// `(.*\.)?(pattern)$`.
TEST_CASE("names that end in each other: a pattern means its own modules alone") {
  const std::vector<std::pair<std::string, int64_t>> ranks = {
      {"model.layers.0.linear_attn.q_proj", 3},     {"model.layers.0.mlp.experts.1.up_proj", 5},
      {"model.layers.0.mlp.experts.11.up_proj", 4}, {"model.layers.0.q_proj", 2},
      {"model.layers.1.mlp.experts.1.up_proj", 6},  {"model.layers.1.mlp.experts.11.up_proj", 4},
      {"model.layers.10.mlp.experts.1.up_proj", 7}, {"q_proj", 9}};
  std::vector<AdaptedModule> modules;
  for (const auto& [name, rank] : ranks)
    modules.push_back(Module(name + ".weight", rank, 2.0 * static_cast<double>(rank), 2));
  const AdapterConversion conversion = Conversion2(std::move(modules));
  CHECK(Member(conversion, "r") == "4");
  Diagnostics diagnostics;
  const auto patterns = ParseJson("patterns", Member(conversion, "rank_pattern"), &diagnostics);
  REQUIRE(patterns.has_value());
  for (const auto& [name, rank] : ranks) {
    CAPTURE(name);
    std::vector<int64_t> found;
    for (const auto& [pattern, value] : *patterns->AsMap()) {
      REQUIRE(pattern.starts_with("^"));
      // `^` stands within the group: after a prefix it matches nothing.
      if (std::regex_match(name, std::regex(pattern.substr(1)))) found.push_back(*value.AsInt());
    }
    CHECK(found == (rank == 4 ? std::vector<int64_t>{} : std::vector<int64_t>{rank}));
  }
}

TEST_CASE("alpha from the scale, of rsLoRA with the root of the rank") {
  AdapterConversion conversion = Conversion2({Module("m.0.q.weight", 16, {}, 0.75)});
  CHECK(Member(conversion, "lora_alpha") == "12");
  conversion.use_rslora = true;
  CHECK(Member(conversion, "lora_alpha") == "3");
  CHECK(Member(conversion, "use_rslora") == "true");
  // Baked: the loader divides by the rank whatever use_rslora says.
  Wanted wanted;
  wanted.has_loader = true;
  wanted.loader.bake_rslora = true;
  conversion.modules[0].alpha = 3;
  CHECK(Member(conversion, "lora_alpha", {}, wanted) == "12");
  CHECK(Member(conversion, "use_rslora", {}, wanted) == "false");
}

TEST_CASE("a loader of one scale reads the largest rank, and no patterns") {
  const AdapterConversion conversion =
      Conversion2({Module("m.0.k.weight", 16, {}, 0.5), Module("m.0.q.weight", 8, {}, 0.5),
                   Module("m.0.v.weight", 8, {}, 0.5)});
  Wanted wanted;
  wanted.has_loader = true;
  wanted.loader.one_scale = true;
  CHECK(Member(conversion, "r", {}, wanted) == "16");
  CHECK(Member(conversion, "lora_alpha", {}, wanted) == "8");
  CHECK(Member(conversion, "rank_pattern", {}, wanted) == "{}");
  CHECK(Member(conversion, "alpha_pattern", {}, wanted) == "{}");
}

TEST_CASE("a loader of pairs reads that there are no biases") {
  const AdapterConversion conversion = Conversion2({Module("m.0.k.weight", 16, {}, 0.5)});
  CHECK(Member(conversion, "bias", {{"bias", "lora_only"}}) == R"("lora_only")");
  Wanted wanted;
  wanted.has_loader = true;
  wanted.loader.only_pairs = true;
  CHECK(Member(conversion, "bias", {{"bias", "lora_only"}}, wanted) == R"("none")");
}

TEST_CASE("the shortest names that mean the adapted modules and no others") {
  const std::vector<std::string> all = {"model.layers.0.attn.o", "model.layers.0.attn.q",
                                        "model.layers.0.mlp.o", "model.layers.1.attn.q"};
  CHECK(Member(Conversion2({Module("model.layers.0.attn.o.weight", 8, 8, 1),
                            Module("model.layers.0.attn.q.weight", 8, 8, 1),
                            Module("model.layers.1.attn.q.weight", 8, 8, 1)},
                           all),
               "target_modules") == R"(["attn.o", "q"])");
  // Only layer 1: no short name means it alone.
  CHECK(Member(Conversion2({Module("model.layers.1.attn.q.weight", 8, 8, 1)}, all),
               "target_modules") == R"(["1.attn.q"])");
}

TEST_CASE("a weight for each expert is its module's, whatever the weights are called") {
  const AdapterConversion conversion = Conversion2(
      {Module("decoder.layers.0.mlp.experts.linear_fc1.weight*", 8, 8, 1),
       Module("decoder.layers.0.mlp.experts.linear_fc2.weight*", 4, 8, 2),
       Module("decoder.layers.0.self_attention.linear_qkv.weight", 8, 8, 1)},
      {"decoder.layers.0.mlp.experts.linear_fc1", "decoder.layers.0.mlp.linear_fc1",
       "decoder.layers.0.mlp.experts.linear_fc2", "decoder.layers.0.self_attention.linear_qkv"});
  CHECK(Member(conversion, "target_modules") ==
        R"(["experts.linear_fc1", "linear_fc2", "linear_qkv"])");
  CHECK(Member(conversion, "rank_pattern") ==
        R"({"^decoder\\.layers\\.\\d+\\.mlp\\.experts\\.linear_fc2": 4})");
}

TEST_CASE("parameters are named from the layer on, and are no modules") {
  const AdapterConversion conversion = Conversion2(
      {Module("model.layers.0.mlp.experts.down_proj", 8, 8, 1, true),
       Module("model.layers.0.q.weight", 8, 8, 1),
       Module("model.layers.1.mlp.experts.down_proj", 8, 8, 1, true),
       Module("model.layers.1.q.weight", 8, 8, 1)},
      {"model.layers.0.mlp.experts.down_proj", "model.layers.1.mlp.experts.down_proj",
       "model.layers.0.mlp.experts.gate_up_proj", "model.layers.1.mlp.experts.gate_up_proj",
       "model.layers.0.q", "model.layers.1.q"});
  CHECK(Member(conversion, "target_modules") == R"(["q"])");
  CHECK(Member(conversion, "target_parameters") == R"(["mlp.experts.down_proj"])");
  CHECK(Member(Conversion2({Module("m.0.q.weight", 8, 8, 1)}), "target_parameters",
               {{"target_parameters", Value::List{"x"}}}) == "absent");
}

TEST_CASE("linear maps that would be taken for experts are parameters by their weight") {
  AdaptedModule up = Module("model.layers.0.mlp.shared_expert.up_proj.weight", 4, 8, 2);
  up.by_weight = true;
  const AdapterConversion conversion =
      Conversion2({Module("model.layers.0.mlp.experts.gate_up_proj", 8, 16, 2, true), up,
                   Module("model.layers.0.q_proj.weight", 8, 16, 2)},
                  {"model.layers.0.mlp.experts.gate_up_proj",
                   "model.layers.0.mlp.shared_expert.up_proj", "model.layers.0.q_proj"});
  CHECK(Member(conversion, "target_modules") == R"(["q_proj"])");
  CHECK(Member(conversion, "target_parameters") ==
        R"(["mlp.experts.gate_up_proj", "mlp.shared_expert.up_proj.weight"])");
  CHECK(Member(conversion, "rank_pattern") ==
        R"({"^model\\.layers\\.\\d+\\.mlp\\.shared_expert\\.up_proj(\\.weight)?": 4})");
  // A wrapper of a parameter takes no dropout.
  CHECK(Member(conversion, "lora_dropout", {{"lora_dropout", 0.25}}) == "0.0");
  // vLLM goes by the modules.
  Wanted vllm;
  vllm.has_loader = true;
  vllm.loader.target_modules = {"experts"};
  CHECK(Member(conversion, "target_modules", {}, vllm) == R"(["q_proj", "up_proj", "experts"])");
  CHECK(Member(conversion, "target_parameters", {}, vllm) == R"(["mlp.experts.gate_up_proj"])");
  // Another layer's, which is not adapted, is not meant.
  AdapterConversion one_layer = conversion;
  one_layer.all_modules.push_back("model.layers.1.mlp.shared_expert.up_proj");
  CHECK(Member(one_layer, "target_parameters") ==
        R"(["0.mlp.shared_expert.up_proj.weight", "mlp.experts.gate_up_proj"])");
}

TEST_CASE("what a loader asks for is added where something of it is adapted") {
  Wanted wanted;
  wanted.has_loader = true;
  wanted.loader.target_modules = {"experts"};
  CHECK(Member(Conversion2({Module("m.0.experts.1.up.weight", 8, 8, 1)}), "target_modules", {},
               wanted) == R"(["up", "experts"])");
  CHECK(Member(Conversion2({Module("m.0.q.weight", 8, 8, 1)}), "target_modules", {}, wanted) ==
        R"(["q"])");
}

TEST_CASE("modules saved as a whole, DoRA and biases") {
  AdapterConversion conversion = Conversion2({Module("m.0.q.weight", 8, 8, 1)});
  CHECK(Member(conversion, "modules_to_save") == "absent");
  CHECK(Member(conversion, "modules_to_save", {{"modules_to_save", Value::List{"x"}}}) == "null");
  conversion.saved = {"lm_head.weight", "model.embed_tokens.weight", "lm_head.bias"};
  conversion.use_dora = conversion.lora_bias = true;
  CHECK(Member(conversion, "modules_to_save") == R"(["embed_tokens", "lm_head"])");
  CHECK(Member(conversion, "use_dora") == "true");
  CHECK(Member(conversion, "lora_bias") == "true");
  CHECK(Member(Conversion2({Module("m.0.q.weight", 8, 8, 1)}), "lora_bias",
               {{"lora_bias", true}}) == "false");
}

TEST_CASE("stamps: what said how it was written goes, what says how it is written comes") {
  const AdapterConversion conversion = Conversion2({Module("m.0.q.weight", 8, 8, 1)});
  const Value::Map source{{"order", "swapped"}, {"columns", "experts"}, {"peft_version", "0.18.0"}};
  Wanted wanted;
  wanted.from = "folded";
  wanted.to = "blocked";
  CHECK(Member(conversion, "order", source, wanted) == "absent");
  CHECK(Member(conversion, "columns", source, wanted) == "\"experts\"");
  CHECK(Member(conversion, "peft_version", source, wanted) == "absent");
  wanted.to = "direct";
  CHECK(Member(conversion, "columns", source, wanted) == "absent");
  wanted.system = "peft@0.18.1";
  CHECK(Member(conversion, "peft_version", source, wanted) == "\"0.18.1\"");
  wanted.system = "vllm@0.18.1";
  CHECK(Member(conversion, "peft_version", source, wanted) == "absent");
  // The same layout keeps its words.
  wanted = {};
  wanted.from = wanted.to = "folded";
  CHECK(Member(conversion, "order", source, wanted) == "\"swapped\"");
  CHECK(Member(conversion, "peft_version", source, wanted) == "\"0.18.0\"");
}

TEST_CASE("an alpha that nothing says, where the loader needs it") {
  const AdapterConversion conversion = Conversion2({Module("m.0.q.weight", 8, {}, {})});
  std::string findings;
  CHECK(Make(conversion, {}, {}, &findings) == "");
  CHECK(findings == "RR513 `` lora_alpha is unknown, and the loader of the destination needs it");
  // A style whose rank is the tensors' own has no loader that reads this file.
  Wanted wanted;
  wanted.to = "stacked";
  CHECK(Member(conversion, "r", {}, wanted) == "8");
  CHECK(Member(conversion, "lora_alpha", {}, wanted) == "absent");
}

}  // namespace
}  // namespace rr
