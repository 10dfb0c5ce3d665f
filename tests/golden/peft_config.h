// Whether an adapter_config.json fits its tensors, as PEFT would load them.
//
// Written from PEFT's own code and independent of src/, which is tested with it. Sources:
// huggingface/peft@v0.20.0 src/peft/utils/other.py:get_pattern_key and src/peft/tuners/lora/
// {model.py, layer.py}: rank and alpha of a module are those of the first pattern P, in the file's
// order, for which re.match("(.*\.)?(P)$", name), and the config's own otherwise.
#ifndef RULE_RUNNER_TESTS_GOLDEN_PEFT_CONFIG_H_
#define RULE_RUNNER_TESTS_GOLDEN_PEFT_CONFIG_H_

#include <algorithm>
#include <cmath>
#include <regex>
#include <string>
#include <vector>

#include "golden_case.h"

namespace rr::golden {

inline double NumberOf(const Value& value) {
  if (value.AsInt() != nullptr) return static_cast<double>(*value.AsInt());
  REQUIRE(value.AsDouble() != nullptr);
  return *value.AsDouble();
}

inline double ExpertsOf(const Value& config) {
  const Value* text = config.Find("text_config");
  const Value& model = text != nullptr ? *text : config;
  for (const char* name :
       {"num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"}) {
    const Value* count = model.Find(name);
    if (count != nullptr && !count->IsNull() && NumberOf(*count) > 0) return NumberOf(*count);
  }
  return 1;
}

// "model.layers.0.self_attn.q_proj" of the key of a factor.
inline std::string ModuleOf(const std::string& key) {
  const std::string outer = "base_model.model.";
  const size_t start = key.starts_with(outer) ? outer.size() : 0;
  return key.substr(start, key.find(".lora_") - start);
}

// The names under which PEFT looks for patterns. Of two parameters of one module the first that is
// wrapped is the inner one, `base_layer`: gate_up_proj before down_proj. One alone is the outer.
inline std::vector<std::string> NamesForPatterns(const Value& config, const std::string& key,
                                                 const Tensors& tensors) {
  const std::string module = ModuleOf(key), inner = ".base_layer";
  if (module.ends_with(".experts" + inner)) {
    const std::string experts = module.substr(0, module.size() - inner.size());
    return {experts + ".gate_up_proj", experts + ".up_proj"};
  }
  if (!module.ends_with(".experts")) return {module};
  const bool alone =
      !tensors.contains(key.substr(0, key.find(".lora_")) + inner + ".lora_A.weight");
  bool gate_up = false;
  const Value* parameters = config.Find("target_parameters");
  if (parameters != nullptr && parameters->AsList() != nullptr) {
    for (const Value& name : *parameters->AsList())
      gate_up |= Contains(*name.AsString(), "gate_up");
  }
  return {module + (alone && gate_up ? ".gate_up_proj" : ".down_proj")};
}

inline double Resolve(const Value& config, const std::string& key, const Tensors& tensors,
                      const char* field, const char* patterns) {
  const Value* map = config.Find(patterns);
  if (map != nullptr && map->AsMap() != nullptr) {
    for (const auto& [pattern, value] : *map->AsMap()) {
      const std::regex regex("(.*\\.)?(" + pattern + ")");
      for (const std::string& name : NamesForPatterns(config, key, tensors)) {
        if (std::regex_match(name, regex)) return NumberOf(value);
      }
    }
  }
  REQUIRE_MESSAGE(config.Find(field) != nullptr, field);
  return NumberOf(*config.Find(field));
}

inline double RankOf(const Value& config, const std::string& key, const Tensors& tensors) {
  return Resolve(config, key, tensors, "r", "rank_pattern");
}

// What PEFT multiplies B A with.
inline double ScaleOf(const Value& config, const std::string& key, const Tensors& tensors) {
  const double rank = RankOf(config, key, tensors);
  const double alpha = Resolve(config, key, tensors, "lora_alpha", "alpha_pattern");
  const Value* rslora = config.Find("use_rslora");
  const bool root = rslora != nullptr && rslora->AsBool() != nullptr && *rslora->AsBool();
  return alpha / (root ? std::sqrt(rank) : rank);
}

// Keys of the factors A that PEFT's two-dimensional files have.
inline std::vector<std::string> KeysOfA(const Tensors& tensors) {
  std::vector<std::string> keys;
  for (const auto& [key, tensor] : tensors) {
    if (Contains(key, ".lora_A") && tensor.shape.size() == 2) keys.push_back(key);
  }
  return keys;
}

// The rank that a factor A is stored with: wrapped experts have theirs one below the other.
inline double StoredRank(const std::string& key, const Tensors& tensors, const Value& model) {
  const std::string module = ModuleOf(key);
  const bool folded = module.ends_with(".experts") || module.ends_with(".experts.base_layer");
  return static_cast<double>(tensors.at(key).shape[0]) / (folded ? ExpertsOf(model) : 1);
}

// Whether every rank that the config gives is that of the tensor: PEFT says "size mismatch" if not.
inline bool FitsTensors(const Value& config, const Tensors& tensors, const Value& model) {
  for (const std::string& key : KeysOfA(tensors)) {
    if (RankOf(config, key, tensors) != StoredRank(key, tensors, model)) return false;
  }
  return true;
}

inline bool SameScale(double a, double b) { return std::abs(a - b) <= 1e-6 * std::abs(b); }

inline bool SameScales(const Value& a, const Value& b, const Tensors& tensors) {
  const std::vector<std::string> keys = KeysOfA(tensors);
  return std::all_of(keys.begin(), keys.end(), [&](const std::string& key) {
    return SameScale(ScaleOf(a, key, tensors), ScaleOf(b, key, tensors));
  });
}

}  // namespace rr::golden

#endif  // RULE_RUNNER_TESTS_GOLDEN_PEFT_CONFIG_H_
