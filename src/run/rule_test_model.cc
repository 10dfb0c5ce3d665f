#include "run/rule_test_model.h"

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "io/json.h"

namespace rr {

void SetJson(const std::string& name, const std::string& json, Config* config) {
  Diagnostics ignored;
  std::optional<Value> value = ParseJson(name, json, &ignored);
  config->Set(name, value ? std::move(*value) : Value(json));
}

namespace {

Config ConfigFrom(const std::vector<std::pair<Name, SpannedText>>& attributes) {
  Config config;
  for (const auto& [name, text] : attributes) SetJson(name.text, text.text, &config);
  return config;
}

}  // namespace

Config ConfigOfTest(const TestRule& test) { return ConfigFrom(test.config); }

Config AdapterConfigOfTest(const TestRule& test) { return ConfigFrom(test.adapter_config); }

Model ModelOfTest(const CheckedRules& rules, const TestRule& test) {
  std::map<std::string, int64_t> sizes;
  for (const auto& [name, size] : test.sizes) sizes[name.text] = size;
  return Model(rules, ConfigOfTest(test), std::move(sizes));
}

}  // namespace rr
