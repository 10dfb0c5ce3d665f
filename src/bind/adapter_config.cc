#include "bind/adapter_config.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>

namespace rr {
namespace {

// PEFT's, of a file that does not say them.
constexpr int64_t kDefaultRank = 8;
constexpr double kDefaultAlpha = 8;

std::optional<double> NumberOf(const Value& value) {
  if (value.AsInt() != nullptr) return static_cast<double>(*value.AsInt());
  if (value.AsDouble() != nullptr && std::isfinite(*value.AsDouble())) return *value.AsDouble();
  return std::nullopt;
}

std::optional<double> RankIn(const Value& value) {
  if (value.AsInt() == nullptr || *value.AsInt() <= 0) return std::nullopt;
  return static_cast<double>(*value.AsInt());
}

bool IsTrue(const Config& config, const std::string& name) {
  const std::optional<Value> value = config.Lookup(name);
  return value && value->AsBool() != nullptr && *value->AsBool();
}

}  // namespace

struct AdapterConfig::Pattern {
  Pattern(const std::string& text, double v) : regex(text, RE2::Quiet), value(v) {}
  RE2 regex;
  double value;
};

std::optional<double> AdapterConfig::Find(const Patterns& patterns, const std::string& module) {
  for (const auto& pattern : patterns) {
    if (RE2::FullMatch(module, pattern->regex)) return pattern->value;
  }
  return std::nullopt;
}

std::optional<AdapterConfig> AdapterConfig::Read(const Config& config, const std::string& path,
                                                 Diagnostics* diagnostics) {
  AdapterConfig read;
  if (!config.present()) return read;
  read.present_ = true;
  bool good = true;
  auto bad = [&](const std::string& name, const Value& value, std::string_view what) {
    diagnostics->Add(Code::kBadConfig, Place::File(path),
                     fmt::format("{} is {}, where {} is expected", name, ToJson(value), what));
    good = false;
  };
  // Other methods have factors of the same names and other products.
  if (const auto type = config.Lookup("peft_type"); type && !type->IsNull()) {
    if (type->AsString() == nullptr || *type->AsString() != "LORA")
      bad("peft_type", *type, "\"LORA\"");
  }
  const auto number_of = [](const std::string& name) { return name == "r" ? RankIn : NumberOf; };
  for (const std::string name : {"r", "lora_alpha"}) {
    const std::optional<Value> value = config.Lookup(name);
    if (!value || value->IsNull()) continue;
    const std::optional<double> number = number_of(name)(*value);
    if (!number) {
      bad(name, *value, name == "r" ? "a rank, a positive whole number," : "a number");
    } else if (name == "r") {
      read.rank_ = static_cast<int64_t>(*number);
    } else {
      read.alpha_ = *number;
    }
  }
  // MLX multiplies by a scale of its own (ml-explore/mlx-lm@d78bf58, mlx_lm/tuner/lora.py).
  const auto mlx_rank = config.Lookup("lora_parameters.rank");
  const auto mlx_scale = config.Lookup("lora_parameters.scale");
  if (!read.alpha_ && mlx_rank && mlx_scale && RankIn(*mlx_rank) && NumberOf(*mlx_scale))
    read.alpha_ = *RankIn(*mlx_rank) * *NumberOf(*mlx_scale);
  for (const std::string name : {"rank_pattern", "alpha_pattern"}) {
    const std::optional<Value> value = config.Lookup(name);
    if (!value || value->IsNull()) continue;
    if (value->AsMap() == nullptr) {
      bad(name, *value, "a map from patterns to numbers");
      continue;
    }
    const bool ranks = name == "rank_pattern";
    for (const auto& [pattern, member] : *value->AsMap()) {
      const std::optional<double> number = ranks ? RankIn(member) : NumberOf(member);
      if (!number) {
        bad(fmt::format("{}: {}", name, pattern), member, ranks ? "a rank" : "a number");
        continue;
      }
      auto made = std::make_shared<const Pattern>("(?:.*\\.)?(?:" + pattern + ")", *number);
      if (!made->regex.ok()) {
        diagnostics->Add(Code::kBadConfig, Place::File(path),
                         fmt::format("{} has the pattern `{}`, which RE2 refuses: {}", name,
                                     pattern, made->regex.error()));
        good = false;
        continue;
      }
      (ranks ? read.rank_patterns_ : read.alpha_patterns_).push_back(std::move(made));
    }
  }
  if (const auto targets = config.Lookup("target_parameters"); targets && targets->AsList()) {
    for (const Value& target : *targets->AsList()) {
      if (target.AsString() && target.AsString()->ends_with(".weight"))
        read.weights_.push_back(*target.AsString());
    }
  }
  read.use_rslora_ = IsTrue(config, "use_rslora");
  read.use_dora_ = IsTrue(config, "use_dora");
  return good ? std::optional(std::move(read)) : std::nullopt;
}

std::string AdapterConfig::NameOf(const std::string& module) const {
  const std::string weight = module + ".weight";
  const bool named = std::any_of(weights_.begin(), weights_.end(), [&](const std::string& target) {
    return weight == target || weight.ends_with("." + target);
  });
  return named ? weight : module;
}

int64_t AdapterConfig::RankOf(const std::string& module) const {
  const std::optional<double> found = Find(rank_patterns_, NameOf(module));
  return found ? static_cast<int64_t>(*found) : rank_.value_or(kDefaultRank);
}

std::optional<double> AdapterConfig::AlphaOf(const std::string& module) const {
  const std::optional<double> found = Find(alpha_patterns_, NameOf(module));
  if (found || alpha_ || !present_) return found ? found : alpha_;
  return kDefaultAlpha;
}

double AdapterConfig::ScaleOf(double alpha, int64_t rank) const {
  return use_rslora_ ? alpha / std::sqrt(static_cast<double>(rank))
                     : alpha / static_cast<double>(rank);
}

}  // namespace rr
