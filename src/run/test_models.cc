#include "run/test_models.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "bind/model.h"
#include "run/rule_test_model.h"
#include "syntax/adapter_style.h"
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

// The attributes that formulas look at when the sizes of all axes are given: of conditions,
// requirements and values.
class AttributesAsked {
 public:
  explicit AttributesAsked(const CheckedRules& rules) {
    const RuleFile& file = *rules.file;
    for (const Formula& formula : file.require) Of(formula);
    for (const KindRule& kind : file.kinds) {
      for (const auto& [name, formula] : kind.cases) Of(formula);
    }
    for (const AxisRule& axis : file.axes) {
      for (const auto& [kind, formula] : axis.by_kind) Of(formula);
    }
    for (const BlockRule& block : file.blocks) {
      Of(block.where);
      for (const TableRule& table : block.tables) Of(table);
    }
    for (const CheckedLayout& layout : rules.layouts) {
      for (const Formula* formula : layout.require) Of(*formula);
      if (layout.style != nullptr && layout.style->scaled_rank) Of(layout.style->scaled_rank->rank);
    }
  }

  // Attributes that are maps may be asked for one of their members.
  bool Has(const std::string& attribute) const {
    return names_.count(attribute) > 0 || maps_.count(attribute) > 0 || attribute == "text_config";
  }

 private:
  void Of(const Formula& formula) {
    for (const Formula::Name& name : formula.Names()) {
      names_.insert(name.name);
      for (size_t dot = name.name.find('.'); dot != std::string::npos;
           dot = name.name.find('.', dot + 1))
        maps_.insert(name.name.substr(0, dot));
    }
  }
  void Of(const std::optional<Formula>& formula) {
    if (formula) Of(*formula);
  }
  void Of(const TableRule& table) {
    for (const DefaultRule& rule : table.defaults) Of(rule.value);
    for (const TableRule::Variant& variant : table.variants) {
      for (const EntryRule& entry : variant.entries) {
        for (const std::optional<Formula>* word : {&entry.add, &entry.multiply, &entry.back})
          Of(*word);
        Diagnostics reported;
        if (entry.pad) Of(Formula::Parse(entry.pad->to, &reported));
      }
    }
  }

  std::set<std::string> names_, maps_;
};

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

// Whether only the keys of a checkpoint could say which kind something is of.
bool LeavesKindsOpen(const Model& model) {
  for (size_t p = 0; p < model.rules().file->kinds.size(); ++p) {
    const std::string& axis = model.IndexAxisOfPartition(p);
    const int64_t size = axis.empty() ? 1 : model.SizeOf(axis).value_or(0);
    for (int64_t i = 0; i < size; ++i) {
      if (!model.OpenKinds(p, i).empty()) return true;
    }
  }
  return false;
}

}  // namespace

std::vector<TestModel> MakeTestModels(const CheckedRules& rules, std::mt19937_64* random,
                                      Diagnostics* diagnostics) {
  const AttributesAsked asked(rules);
  std::set<std::map<std::string, std::string>> seen{{}};
  std::vector<const TestRule*> configs{nullptr};
  for (const TestRule& test : rules.file->tests) {
    if (!test.element) continue;  // counts and shapes are of whole configs: one model each is much
    std::map<std::string, std::string> deciding;
    for (const auto& [name, value] : test.config) {
      if (asked.Has(name.text)) deciding[name.text] = value.text;
    }
    if (seen.insert(std::move(deciding)).second) configs.push_back(&test);
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
    if (test == nullptr && LeavesKindsOpen(Model(rules, config, *sizes))) continue;
    models.push_back({std::move(config), std::move(*sizes)});
  }
  return models;
}

}  // namespace rr
