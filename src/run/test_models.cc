#include "run/test_models.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "bind/model.h"
#include "run/rule_test_model.h"
#include "syntax/axis_expression.h"

namespace rr {
namespace {

bool IsDerived(const AxisRule& axis) {
  if (!axis.formula) return false;
  for (const Formula::Name& name : axis.formula->Names()) {
    if (!IsAxisName(name.name)) return false;
  }
  return true;
}

// The axes that stand beside each axis in some tensor.
std::map<std::string, std::set<std::string>> Neighbours(const CheckedRules& rules) {
  std::map<std::string, std::set<std::string>> beside;
  for (const LogicalTensor& tensor : rules.tensors) {
    for (const std::string& axis : tensor.axes)
      beside[axis].insert(tensor.axes.begin(), tensor.axes.end());
  }
  return beside;
}

// Sizes for every axis whose formula uses the config, different within each tensor, so that no
// exchange hides, and small; the others follow from them.
std::optional<std::map<std::string, int64_t>> ChooseSizes(const CheckedRules& rules,
                                                          const Config& config,
                                                          std::mt19937_64* random) {
  const std::map<std::string, std::set<std::string>> beside = Neighbours(rules);
  for (int attempt = 0; attempt < 4000; ++attempt) {
    std::map<std::string, int64_t> sizes;
    for (const AxisRule& axis : rules.file->axes) {
      if (axis.kind == AxisRule::Kind::kWords || IsDerived(axis)) continue;
      std::set<int64_t> taken;
      if (const auto found = beside.find(axis.name.text); found != beside.end()) {
        for (const std::string& other : found->second) {
          if (const auto size = sizes.find(other); size != sizes.end()) taken.insert(size->second);
        }
      }
      std::uniform_int_distribution<int64_t> any(2, 7 + attempt / 400);
      int64_t size = any(*random);
      while (taken.count(size) > 0) ++size;
      sizes[axis.name.text] = size;
    }
    const Model model(rules, config, sizes);
    Diagnostics findings;
    for (const CheckedLayout& layout : rules.layouts) model.CheckConfig(layout, &findings);
    if (!findings.HasErrors()) return sizes;
  }
  return std::nullopt;
}

}  // namespace

std::vector<TestModel> MakeTestModels(const CheckedRules& rules, std::mt19937_64* random,
                                      Diagnostics* diagnostics) {
  std::set<std::string> seen;
  std::vector<const TestRule*> configs{nullptr};
  for (const TestRule& test : rules.file->tests) {
    if (!test.element) continue;  // counts and shapes are of whole configs: one model each is much
    std::string text;
    for (const auto& [name, value] : test.config) text += name.text + "=" + value.text + ";";
    if (!text.empty() && seen.insert(text).second) configs.push_back(&test);
  }
  std::vector<TestModel> models;
  for (const TestRule* test : configs) {
    Config config = test != nullptr ? ConfigOfTest(*test) : Config();
    std::optional<std::map<std::string, int64_t>> sizes = ChooseSizes(rules, config, random);
    if (!sizes) {
      diagnostics->Add(
          Code::kBadTest, rules.file->family.place,
          "no small sizes were found that satisfy the rules: give a test with `sizes`");
      continue;
    }
    models.push_back({std::move(config), std::move(*sizes)});
  }
  return models;
}

}  // namespace rr
