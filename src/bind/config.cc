#include "bind/config.h"

#include <fmt/format.h>

#include <utility>

#include "io/json.h"

namespace rr {
namespace {

const Value* Reach(const Value& root, const std::string& name) {
  const Value* at = &root;
  for (size_t begin = 0; at != nullptr;) {
    const size_t dot = name.find('.', begin);
    at = at->Find(
        std::string_view(name).substr(begin, dot == std::string::npos ? dot : dot - begin));
    if (dot == std::string::npos) return at;
    begin = dot + 1;
  }
  return nullptr;
}

}  // namespace

std::optional<Value> Config::Lookup(const std::string& name) const {
  if (const auto found = overrides_.find(name); found != overrides_.end()) return found->second;
  if (const Value* text = json_.Find("text_config")) {
    if (const Value* value = Reach(*text, name); value != nullptr && !value->IsNull())
      return *value;
  }
  if (const Value* value = Reach(json_, name)) return *value;
  return std::nullopt;
}

std::optional<Value> Config::ModelType() const {
  const Value* type = json_.Find("model_type");
  return type == nullptr ? std::nullopt : std::optional(*type);
}

std::optional<Value> Config::TextModelType() const {
  const Value* text = json_.Find("text_config");
  const Value* type = text == nullptr ? nullptr : text->Find("model_type");
  return type == nullptr ? std::nullopt : std::optional(*type);
}

Config Config::WithoutName() const {
  Config nameless = *this;
  const auto strip = [](Value::Map& map) {
    std::erase_if(map, [](const auto& member) {
      return member.first == "model_type" || member.first == "architectures";
    });
  };
  if (auto* map = std::get_if<Value::Map>(&nameless.json_.data)) {
    strip(*map);
    for (auto& [name, member] : *map) {
      auto* text = std::get_if<Value::Map>(&member.data);
      if (name == "text_config" && text != nullptr) strip(*text);
    }
  }
  nameless.overrides_.erase("model_type");
  nameless.overrides_.erase("architectures");
  return nameless;
}

bool CheckModelType(const Config& config, const std::string& path, Diagnostics* diagnostics) {
  const std::optional<Value> type = config.ModelType();
  if (!type || type->IsNull()) return true;
  const std::string* name = type->AsString();
  if (name != nullptr && name->find_first_of("/\\") == std::string::npos) return true;
  diagnostics->Add(Code::kBadConfig, Place::File(path),
                   fmt::format("model_type is {}, where a name is expected", ToJson(*type)));
  return false;
}

std::optional<Config> ReadConfigFile(const Files& files, const std::string& path,
                                     Diagnostics* diagnostics) {
  const std::optional<std::string> text =
      files.KindOf(path) == FileKind::kFile ? ReadSmallFile(files, path) : std::nullopt;
  if (!text) {
    diagnostics->Add(Code::kBadConfig, Place::File(path),
                     "this is no file that can be read as a config");
    return std::nullopt;
  }
  std::optional<Value> json = ParseJson(path, *text, diagnostics);
  if (!json) return std::nullopt;
  if (json->AsMap() == nullptr) {
    diagnostics->Add(Code::kBadConfig, Place::File(path), "a config is a JSON object");
    return std::nullopt;
  }
  Config config(std::move(*json));
  return CheckModelType(config, path, diagnostics) ? std::optional(std::move(config))
                                                   : std::nullopt;
}

}  // namespace rr
