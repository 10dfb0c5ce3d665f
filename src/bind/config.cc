#include "bind/config.h"

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

}  // namespace rr
