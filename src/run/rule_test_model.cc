#include "run/rule_test_model.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "io/json.h"

namespace rr {

Config ConfigOfTest(const TestRule& test) {
  Config config;
  for (const auto& [name, text] : test.config) {
    Diagnostics ignored;
    std::optional<Value> value = ParseJson(name.text, text.text, &ignored);
    config.Set(name.text, value ? std::move(*value) : Value(text.text));
  }
  return config;
}

Model ModelOfTest(const CheckedRules& rules, const TestRule& test) {
  std::map<std::string, int64_t> sizes;
  for (const auto& [name, size] : test.sizes) sizes[name.text] = size;
  return Model(rules, ConfigOfTest(test), std::move(sizes));
}

}  // namespace rr
