#include "run/adapter_config_out.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/dotted_name.h"
#include "io/json.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

bool IsNumber(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool HasSuffix(const std::string& name, const std::string& suffix) {
  return name == suffix || name.ends_with("." + suffix);
}

// "model.layers.3.mlp.gate" -> "model\.layers\.\d+\.mlp\.gate"
std::string PatternOf(const std::string& name, bool any_index) {
  std::string pattern = "^";
  const std::vector<std::string> parts = DottedParts(name);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) pattern += "\\.";
    pattern += any_index && IsNumber(parts[i]) ? "\\d+" : parts[i];
  }
  return pattern;
}

Value NumberValue(double x) {
  if (x == std::floor(x) && std::fabs(x) < 1e15) return Value(static_cast<int64_t>(x));
  return Value(x);
}

struct Setting {
  int64_t rank = 0;
  std::optional<double> alpha;
  auto operator<=>(const Setting&) const = default;
};

class Maker {
 public:
  Maker(const Config& source, const CheckedRules& rules, const CheckedLayout& from,
        const CheckedLayout& to, const ResolvedTarget& target, const AdapterConversion& conversion)
      : source_(source),
        rules_(rules),
        from_(from),
        to_(to),
        target_(target),
        conversion_(conversion) {
    baked_ = target.loader != nullptr && target.loader->bake_rslora && conversion.use_rslora;
  }

  std::optional<Value> Make(Diagnostics* diagnostics) {
    // What MLX calls adapter_config.json is the record of a training, no field of it is PEFT's.
    if (source_.json().AsMap() != nullptr && source_.json().Find("lora_parameters") == nullptr)
      map_ = *source_.json().AsMap();
    Default("peft_type", "LORA");
    Default("task_type", "CAUSAL_LM");
    Default("base_model_name_or_path", Value());
    Default("bias", "none");
    // What is left of an adapter for such a loader has no biases, whatever was trained.
    if (target_.loader != nullptr && target_.loader->only_pairs) Set("bias", "none");
    Default("fan_in_fan_out", false);
    Default("inference_mode", true);
    Default("lora_dropout", 0.0);
    // A loader that asks for names among target_modules goes by them, and is not PEFT.
    const bool is_peft = target_.loader == nullptr || target_.loader->target_modules.empty();
    for (const AdaptedModule& module : conversion_.modules) {
      const bool by_weight = module.by_weight && is_peft;
      const std::string name = module.parameter ? module.weight : ModuleOfWeight(module.weight);
      settings_[name] = {module.rank, AlphaOf(module)};
      (module.parameter || by_weight ? parameters_ : modules_)
          .insert(by_weight ? module.weight : name);
      if (by_weight) by_weight_.insert(name);
      if (!settings_[name].alpha && to_.style->config_rank && !module.scale) {
        diagnostics
            ->Add(Code::kUnknownScale, {},
                  "lora_alpha is unknown, and the loader of the destination needs it")
            .help = "give adapter_config.json beside the tensors, or --alpha";
        return std::nullopt;
      }
    }
    Ranks();
    Set("use_rslora", conversion_.use_rslora && !baked_);
    Set("use_dora", conversion_.use_dora);
    if (conversion_.lora_bias || Find("lora_bias") != nullptr)
      Set("lora_bias", conversion_.lora_bias);
    Targets();
    Stamps();
    return Value(map_);
  }

 private:
  std::optional<double> AlphaOf(const AdaptedModule& module) const {
    if (module.alpha && !baked_) return module.alpha;
    if (!module.scale) return std::nullopt;
    const auto rank = static_cast<double>(module.rank);
    return *module.scale * (conversion_.use_rslora && !baked_ ? std::sqrt(rank) : rank);
  }

  // The setting of most modules, and patterns for the others.
  void Ranks() {
    std::map<Setting, size_t> counts;
    for (const auto& [name, setting] : settings_) ++counts[setting];
    Setting usual;
    size_t most = 0;
    for (const auto& [setting, count] : counts) {
      if (count > most) usual = setting, most = count;
    }
    // The loader reads one rank and one alpha: ranks may be smaller and the scale the same, or they
    // follow from it.
    const bool one_scale =
        conversion_.scaled_rank || (target_.loader != nullptr && target_.loader->one_scale);
    if (one_scale) {
      for (const auto& [setting, count] : counts) {
        if (setting.rank > usual.rank) usual = setting;
      }
    }
    Set("r", usual.rank);
    if (usual.alpha) Set("lora_alpha", NumberValue(*usual.alpha));
    std::map<std::string, std::set<Setting>> by_pattern;
    for (const auto& [name, setting] : settings_) by_pattern[Pattern(name, true)].insert(setting);
    Value::Map ranks, alphas;
    std::set<std::string> done;
    for (const auto& [name, setting] : settings_) {
      if (one_scale || setting == usual) continue;
      const std::string general = Pattern(name, true);
      const std::string pattern =
          by_pattern.at(general).size() == 1 ? general : Pattern(name, false);
      if (!done.insert(pattern).second) continue;
      if (setting.rank != usual.rank) ranks.push_back({pattern, setting.rank});
      if (setting.alpha && setting.alpha != usual.alpha)
        alphas.push_back({pattern, NumberValue(*setting.alpha)});
    }
    Set("rank_pattern", Value(std::move(ranks)));
    Set("alpha_pattern", Value(std::move(alphas)));
  }

  // PEFT asks for a linear map that it wraps as a parameter by its weight's name, and others that
  // read the file by the module's.
  std::string Pattern(const std::string& name, bool any_index) const {
    return PatternOf(name, any_index) + (by_weight_.count(name) > 0 ? "(\\.weight)?" : "");
  }

  // The shortest names that mean the adapted modules and no others.
  Value Names(const std::set<std::string>& adapted, bool after_layer) const {
    std::set<std::string> names;
    for (const std::string& name : adapted) {
      const std::vector<std::string> parts = DottedParts(name);
      std::string chosen = name;
      size_t begin = parts.size() - 1;
      if (after_layer) {
        for (size_t i = 0; i < parts.size(); ++i) {
          if (IsNumber(parts[i])) begin = i + 1;
        }
        begin = std::min(begin, parts.size() - 1);
      }
      for (size_t i = begin + 1; i-- > 0;) {
        const std::string suffix = DottedName(parts, i, parts.size());
        const bool others =
            std::any_of(conversion_.all_modules.begin(), conversion_.all_modules.end(),
                        [&](const std::string& other) {
                          const std::string weight = other + ".weight";
                          return (HasSuffix(other, suffix) || HasSuffix(weight, suffix)) &&
                                 adapted.count(other) == 0 && adapted.count(weight) == 0;
                        });
        if (others) continue;
        chosen = suffix;
        break;
      }
      names.insert(chosen);
    }
    return ListOf(names);
  }

  void Targets() {
    Value modules = Names(modules_, false);
    auto& list = std::get<Value::List>(modules.data);
    if (target_.loader != nullptr) {
      for (const std::string& name : target_.loader->target_modules) {
        const bool here = std::any_of(settings_.begin(), settings_.end(), [&](const auto& one) {
          const std::vector<std::string> parts = DottedParts(one.first);
          return std::find(parts.begin(), parts.end(), name) != parts.end();
        });
        if (here) list.push_back(Value(name));
      }
    }
    Set("target_modules", std::move(modules));
    if (!parameters_.empty()) {
      Set("target_parameters", Names(parameters_, true));
      Set("lora_dropout", 0.0);  // PEFT wraps no parameter with dropout: ParamWrapper raises
    } else {
      Erase("target_parameters");
    }
    std::set<std::string> saved;
    for (std::string name : conversion_.saved) {
      const size_t dot = name.rfind('.');
      if (name.ends_with(".weight") || name.ends_with(".bias")) name.resize(dot);
      saved.insert(DottedParts(name).back());
    }
    if (!saved.empty()) {
      Set("modules_to_save", ListOf(saved));
    } else if (Find("modules_to_save") != nullptr) {
      Set("modules_to_save", Value());
    }
  }

  // What said how the tensors were written says how they are written now.
  void Stamps() {
    for (const CheckedLayout& layout : rules_.layouts) {
      if (layout.style == nullptr || !layout.style->scaled_rank) continue;
      for (const auto& [name, json] : layout.style->scaled_rank->stamp) Erase(name);
    }
    if (conversion_.scaled_rank) Stamp(to_.style->scaled_rank->stamp);
    if (&from_ == &to_ || from_.name.text == to_.name.text) return;
    for (const CheckedLayout& layout : rules_.layouts) {
      if (layout.style == nullptr) continue;
      for (const auto* formulas : {&layout.style->marks, &layout.style->unless}) {
        for (const Formula& formula : *formulas) {
          for (const Formula::Name& name : formula.Names())
            Erase(name.name.substr(0, name.name.find('.')));
        }
      }
    }
    Erase("peft_version");
    if (target_.system.starts_with("peft@")) Set("peft_version", target_.system.substr(5));
    Stamp(to_.style->stamp);
  }

  void Stamp(const std::vector<std::pair<std::string, std::string>>& stamp) {
    for (const auto& [name, json] : stamp) {
      Diagnostics no_json;
      std::optional<Value> value = ParseJson(name, json, &no_json);
      Set(name, value ? std::move(*value) : Value(json));
    }
  }

  Value* Find(const std::string& name) {
    for (auto& [key, value] : map_) {
      if (key == name) return &value;
    }
    return nullptr;
  }
  void Set(const std::string& name, Value value) {
    if (Value* old = Find(name)) {
      *old = std::move(value);
    } else {
      map_.push_back({name, std::move(value)});
    }
  }
  void Default(const std::string& name, Value value) {
    if (Find(name) == nullptr) map_.push_back({name, std::move(value)});
  }
  void Erase(const std::string& name) {
    std::erase_if(map_, [&](const auto& member) { return member.first == name; });
  }

  const Config& source_;
  const CheckedRules& rules_;
  const CheckedLayout& from_;
  const CheckedLayout& to_;
  const ResolvedTarget& target_;
  const AdapterConversion& conversion_;
  bool baked_ = false;
  Value::Map map_;
  std::map<std::string, Setting> settings_;  // by module
  std::set<std::string> modules_, parameters_, by_weight_;
};

}  // namespace

std::optional<Value> MakeAdapterConfig(const Config& source, const CheckedRules& rules,
                                       const CheckedLayout& from, const CheckedLayout& to,
                                       const ResolvedTarget& target,
                                       const AdapterConversion& conversion,
                                       Diagnostics* diagnostics) {
  return Maker(source, rules, from, to, target, conversion).Make(diagnostics);
}

}  // namespace rr
