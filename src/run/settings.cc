#include "run/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "bind/asked_attributes.h"
#include "io/json.h"
#include "syntax/axis_expression.h"

namespace rr {
namespace {

constexpr std::string_view kOfAdapter = "adapter_config.";
constexpr size_t kMostShown = 60;

Value ValueOf(const std::string& name, const std::string& text) {
  Diagnostics no_json;
  std::optional<Value> value = ParseJson("--set " + name, text, &no_json);
  return value ? std::move(*value) : Value(text);
}

bool CheckAxis(const std::string& name, const RuleFile& file, Diagnostics* diagnostics) {
  if (file.FindAxis(name) != nullptr) return true;
  std::vector<std::string> axes;
  for (const AxisRule& axis : file.axes) axes.push_back(axis.name.text);
  Diagnostic& d = diagnostics->Add(
      Code::kUnaskedSetting, {},
      fmt::format("--set {}: family `{}` has no axis {}", name, file.family.text, name));
  d.help = DidYouMean(name, axes);
  if (d.help.empty()) d.help = fmt::format("axes: {}", JoinWords(axes, kMostShown));
  return false;
}

// `text_config.num_experts`, where `num_experts` is asked for; else the nearest name.
std::string HelpFor(const std::string& name, const std::set<std::string>& asked) {
  if (name == "model_type") return "--family names the family";
  for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
    if (asked.count(name.substr(dot + 1)) > 0)
      return fmt::format("did you mean `{}`? Attributes of text_config go by their own names",
                         name.substr(dot + 1));
  }
  for (const std::string& other : asked) {
    if (other.starts_with(name + "."))
      return fmt::format("did you mean `{}`? Each attribute within a map is given by itself",
                         other);
  }
  const std::vector<std::string> names(asked.begin(), asked.end());
  const std::string help = DidYouMean(name, names);
  return help.empty() ? fmt::format("attributes: {}", JoinWords(names, kMostShown)) : help;
}

}  // namespace

void ApplySettings(const Settings& settings, Config* config, std::map<std::string, int64_t>* given,
                   Diagnostics* diagnostics) {
  for (const auto& [name, text] : settings) {
    if (name.starts_with(kOfAdapter)) continue;
    if (!IsAxisName(name)) {
      config->Set(name, ValueOf(name, text));
      continue;
    }
    const std::optional<int64_t> n = ParseNumber<int64_t>(text);
    if (n && *n >= 0) {
      (*given)[name] = *n;
    } else {
      diagnostics->Add(Code::kBadConfig, {},
                       fmt::format("--set {}={}: a size is a whole number", name, text));
    }
  }
}

void SetInAdapterConfig(const Settings& settings, Config* adapter_config) {
  for (const auto& [name, text] : settings) {
    if (!name.starts_with(kOfAdapter)) continue;
    Value::Map map;
    if (adapter_config->json().AsMap() != nullptr) map = *adapter_config->json().AsMap();
    const std::string field = name.substr(kOfAdapter.size());
    std::erase_if(map, [&](const auto& member) { return member.first == field; });
    map.push_back({field, ValueOf(name, text)});
    *adapter_config = Config(Value(std::move(map)));
  }
}

bool HaveAdapterConfig(const Settings& settings) {
  return std::any_of(settings.begin(), settings.end(),
                     [](const auto& one) { return one.first.starts_with(kOfAdapter); });
}

bool CheckSettings(const Settings& settings, const CheckedRules& rules,
                   const std::set<std::string>& also, RuleLibrary* library,
                   Diagnostics* diagnostics) {
  if (settings.empty()) return true;
  const std::string& family = rules.file->family.text;
  Diagnostics reported;  // by whoever loaded them first
  const RulesPtr weights = library->Load(family, &reported);
  std::set<std::string> asked = AskedAttributes(weights == nullptr ? *rules.file : *weights->file,
                                                library->Styles(&reported));
  asked.insert(also.begin(), also.end());
  bool known = true;
  for (const auto& [name, text] : settings) {
    if (name.starts_with(kOfAdapter)) continue;
    if (IsAxisName(name)) {
      known = CheckAxis(name, *rules.file, diagnostics) && known;
    } else if (asked.count(name) == 0) {
      known = false;
      diagnostics
          ->Add(Code::kUnaskedSetting, {},
                fmt::format("--set {}: nothing in family `{}` asks for an attribute `{}`", name,
                            family, name))
          .help = HelpFor(name, asked);
    }
  }
  return known;
}

}  // namespace rr
