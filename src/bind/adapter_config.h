// adapter_config.json as PEFT reads it: rank and alpha of every module.
//
// Source: huggingface/peft v0.20.0, tuners/lora/config.py (defaults r = 8, lora_alpha = 8) and
// tuners/tuners_utils.py get_pattern_key: the first pattern P, in the order of the file, for which
// `(.*\.)?(P)$` matches the module's name.
#ifndef RULE_RUNNER_BIND_ADAPTER_CONFIG_H_
#define RULE_RUNNER_BIND_ADAPTER_CONFIG_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/config.h"

namespace rr {

class AdapterConfig {
 public:
  // RR422 for values that are no ranks or alphas, and for other methods than LoRA. A config that is
  // absent, or no map, is empty.
  static std::optional<AdapterConfig> Read(const Config& config, const std::string& path,
                                           Diagnostics* diagnostics);

  // By the module's name in the base model: "model.layers.0.self_attn.q_proj", for a parameter its
  // own name. A linear map that `target_parameters` names by its weight is a parameter too:
  // patterns then mean "...q_proj.weight" (PEFT 0.17.0, tuners_utils.py inject_adapter). Alpha is
  // unknown without a file.
  int64_t RankOf(const std::string& module) const;
  bool HasRankPattern(const std::string& module) const {
    return Find(rank_patterns_, NameOf(module)).has_value();
  }
  std::optional<double> AlphaOf(const std::string& module) const;

  bool present() const { return present_; }
  bool says_rank() const { return rank_.has_value() || !rank_patterns_.empty(); }
  bool says_alpha() const { return alpha_.has_value() || !alpha_patterns_.empty(); }
  bool use_rslora() const { return use_rslora_; }
  bool use_dora() const { return use_dora_; }
  // alpha / rank, or alpha / sqrt(rank) with rsLoRA.
  double ScaleOf(double alpha, int64_t rank) const;
  void set_alpha(double alpha) { alpha_ = alpha; }  // --alpha: patterns still count

 private:
  class Reader;
  struct Pattern;  // a compiled pattern and its value
  using Patterns = std::vector<std::shared_ptr<const Pattern>>;
  static std::optional<double> Find(const Patterns& patterns, const std::string& module);
  std::string NameOf(const std::string& module) const;

  bool present_ = false;
  std::optional<int64_t> rank_;
  std::optional<double> alpha_;
  bool use_rslora_ = false, use_dora_ = false;
  Patterns rank_patterns_, alpha_patterns_;
  std::vector<std::string> weights_;  // of `target_parameters`, those that end in `.weight`
};

}  // namespace rr

#endif  // RULE_RUNNER_BIND_ADAPTER_CONFIG_H_
