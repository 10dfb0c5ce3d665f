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

// Reads on after an error, so that one run tells all of them.
class AdapterConfig::Reader {
 public:
  Reader(const Config& config, const std::string& path, Diagnostics* diagnostics)
      : config_(config), path_(path), diagnostics_(diagnostics) {}

  std::optional<AdapterConfig> Run() {
    if (!config_.present()) return std::move(read_);
    read_.present_ = true;
    ReadMethod();
    ReadRank();
    ReadAlpha();
    ReadPatterns("rank_pattern", RankIn, "a rank", &read_.rank_patterns_);
    ReadPatterns("alpha_pattern", NumberOf, "a number", &read_.alpha_patterns_);
    ReadTargets();
    ReadFlag("use_rslora", &read_.use_rslora_);
    ReadFlag("use_dora", &read_.use_dora_);
    return good_ ? std::optional(std::move(read_)) : std::nullopt;
  }

 private:
  using Number = std::optional<double> (*)(const Value& value);

  void Bad(std::string message) {
    diagnostics_->Add(Code::kBadConfig, Place::File(path_), std::move(message));
    good_ = false;
  }
  void BadValue(const std::string& name, const Value& value, std::string_view what) {
    Bad(fmt::format("{} is {}, where {} is expected", name, ToJson(value), what));
  }

  // nullopt for what is absent, null or no number of the kind, which is reported.
  std::optional<double> Read(const std::string& name, Number number, std::string_view what) {
    const std::optional<Value> value = config_.Lookup(name);
    if (!value || value->IsNull()) return std::nullopt;
    const std::optional<double> read = number(*value);
    if (!read) BadValue(name, *value, what);
    return read;
  }

  // Other methods have factors of the same names and other products.
  void ReadMethod() {
    const std::optional<Value> type = config_.Lookup("peft_type");
    if (!type || type->IsNull()) return;
    if (type->AsString() == nullptr || *type->AsString() != "LORA")
      BadValue("peft_type", *type, "\"LORA\"");
  }

  // PEFT takes any other value for what Python does with it: a scale is not guessed from "false".
  void ReadFlag(const std::string& name, bool* flag) {
    const std::optional<Value> value = config_.Lookup(name);
    if (!value || value->IsNull()) return;
    if (value->AsBool() == nullptr) return BadValue(name, *value, "true or false");
    *flag = *value->AsBool();
  }

  void ReadRank() {
    if (const auto rank = Read("r", RankIn, "a rank, a positive whole number,"))
      read_.rank_ = static_cast<int64_t>(*rank);
  }

  void ReadAlpha() {
    read_.alpha_ = Read("lora_alpha", NumberOf, "a number");
    // MLX multiplies by a scale of its own (ml-explore/mlx-lm@d78bf58, mlx_lm/tuner/lora.py).
    const auto mlx_rank = config_.Lookup("lora_parameters.rank");
    const auto mlx_scale = config_.Lookup("lora_parameters.scale");
    if (!read_.alpha_ && mlx_rank && mlx_scale && RankIn(*mlx_rank) && NumberOf(*mlx_scale))
      read_.alpha_ = *RankIn(*mlx_rank) * *NumberOf(*mlx_scale);
  }

  void ReadPatterns(const std::string& name, Number number, std::string_view what,
                    Patterns* patterns) {
    const std::optional<Value> value = config_.Lookup(name);
    if (!value || value->IsNull()) return;
    if (value->AsMap() == nullptr) return BadValue(name, *value, "a map from patterns to numbers");
    for (const auto& [pattern, member] : *value->AsMap()) {
      const std::optional<double> read = number(member);
      if (!read) {
        BadValue(fmt::format("{}: {}", name, pattern), member, what);
        continue;
      }
      auto made = std::make_shared<const Pattern>("(?:.*\\.)?(?:" + pattern + ")", *read);
      if (made->regex.ok()) {
        patterns->push_back(std::move(made));
      } else {
        Bad(fmt::format("{} has the pattern `{}`, which RE2 refuses: {}", name, pattern,
                        made->regex.error()));
      }
    }
  }

  // A list of names, or one text, which is a pattern.
  void CheckNames(const std::string& name, bool text) {
    const std::optional<Value> value = config_.Lookup(name);
    if (!value || value->IsNull() || (text && value->AsString() != nullptr)) return;
    const char* what = text ? "a list of names or a pattern" : "a list of names";
    if (value->AsList() == nullptr) return BadValue(name, *value, what);
    for (const Value& member : *value->AsList()) {
      if (member.AsString() == nullptr)
        return BadValue(fmt::format("an item of {}", name), member, "a name");
    }
  }

  void ReadTargets() {
    CheckNames("target_modules", true);
    CheckNames("target_parameters", false);
    CheckNames("modules_to_save", false);
    const std::optional<Value> targets = config_.Lookup("target_parameters");
    if (!targets || !targets->AsList()) return;
    for (const Value& target : *targets->AsList()) {
      if (target.AsString() && target.AsString()->ends_with(".weight"))
        read_.weights_.push_back(*target.AsString());
    }
  }

  const Config& config_;
  const std::string& path_;
  Diagnostics* diagnostics_;
  AdapterConfig read_;
  bool good_ = true;
};

std::optional<AdapterConfig> AdapterConfig::Read(const Config& config, const std::string& path,
                                                 Diagnostics* diagnostics) {
  return Reader(config, path, diagnostics).Run();
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
