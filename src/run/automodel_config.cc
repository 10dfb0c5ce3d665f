#include "run/automodel_config.h"

#include <algorithm>
#include <utility>

#include "io/json.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

constexpr const char* kRankScaling = "moe_rank_scaling";
constexpr const char* kLayout = "paramwrapper_layout";

std::optional<Value::Map> ReadAutomodelFile(const Files& files, const std::string& directory,
                                            Diagnostics* diagnostics) {
  const std::string path = directory + "/" + kAutomodelConfigFile;
  if (files.KindOf(path) != FileKind::kFile) return std::nullopt;
  const std::optional<std::string> text = ReadSmallFile(files, path);
  const std::optional<Value> json = text ? ParseJson(path, *text, diagnostics) : std::nullopt;
  if (!json || json->AsMap() == nullptr) return std::nullopt;
  return *json->AsMap();
}

}  // namespace

Config WithAutomodelConfig(const Files& files, const std::string& directory, const Config& config,
                           Diagnostics* diagnostics) {
  const Value::Map* said = config.json().AsMap();
  if (!config.present() || said == nullptr) return config;
  const std::optional<Value::Map> file = ReadAutomodelFile(files, directory, diagnostics);
  if (!file) return config;
  Value::Map map = *said;
  for (const auto& [name, value] : *file) {
    if ((name == kRankScaling || name == kLayout) && config.json().Find(name) == nullptr)
      map.push_back({name, value});
  }
  return Config(Value(std::move(map)));
}

std::optional<Value> AutomodelConfigOf(const Files& files, const std::string& directory,
                                       const CheckedLayout& to, const AdapterConversion& conversion,
                                       Diagnostics* diagnostics) {
  const bool is_automodel =
      to.style != nullptr && to.style->uniform && to.style->scaled_rank &&
      std::any_of(to.style->scaled_rank->stamp.begin(), to.style->scaled_rank->stamp.end(),
                  [](const auto& stamp) { return stamp.first == kRankScaling; });
  if (!is_automodel) return std::nullopt;
  std::optional<Value::Map> file = ReadAutomodelFile(files, directory, diagnostics);
  if (!file && !conversion.scaled_rank) return std::nullopt;
  Value::Map map = file ? std::move(*file) : Value::Map();
  std::erase_if(map, [](const auto& member) {
    return member.first == kRankScaling || member.first == kLayout;
  });
  map.push_back({kRankScaling, conversion.scaled_rank});
  return Value(std::move(map));
}

}  // namespace rr
