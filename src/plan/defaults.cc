#include "plan/defaults.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace rr {
namespace {

bool HasKeys(const TableRule& table) {
  return std::any_of(table.variants.begin(), table.variants.end(),
                     [](const TableRule::Variant& variant) { return !variant.entries.empty(); });
}

// The axis, and those that its formulas are made of.
void Follow(const RuleFile& file, const std::string& axis, std::set<std::string>* axes) {
  if (!axes->insert(axis).second) return;
  const AxisRule* rule = file.FindAxis(axis);
  if (rule == nullptr) return;
  const auto of = [&](const Formula& formula) {
    for (const Formula::Name& name : formula.Names()) {
      if (file.FindAxis(name.name) != nullptr) Follow(file, name.name, axes);
    }
  };
  if (rule->formula) of(*rule->formula);
  for (const auto& [kind, formula] : rule->by_kind) of(formula);
}

}  // namespace

bool HasOnlyDefaults(const TableRule& table) { return !table.defaults.empty() && !HasKeys(table); }

std::vector<std::string> SizesByDefault(const Model& model, const BoundLayout& from,
                                        const BoundLayout& to) {
  const RuleFile& file = *model.rules().file;
  std::set<std::string> axes;
  for (const BoundLayout* bound : {&from, &to}) {
    std::set<int> seen;
    for (const BoundTensor& tensor : bound->tensors) {
      if (!seen.insert(tensor.entry).second) continue;
      for (const Poly& extent : bound->EntryOf(tensor).shape) {
        for (const std::string& axis : extent.Axes()) Follow(file, axis, &axes);
      }
    }
  }
  std::vector<std::string> sizes;
  for (const std::string& axis : axes) {
    if (model.IsByDefault(axis))
      sizes.push_back(fmt::format("{} = {} ({})", axis, *model.SizeOf(axis), model.OriginOf(axis)));
  }
  return sizes;
}

std::map<int, double> DefaultValues(const Model& model, const BoundLayout& bound,
                                    Diagnostics* diagnostics) {
  const CheckedRules& rules = model.rules();
  std::map<int, double> values;
  for (size_t b = 0; b < bound.layout->tables.size(); ++b) {
    const TableRule* table = bound.layout->tables[b];
    // Where nothing is there of a block that has keys, nothing stands in for the rest of it.
    if (table == nullptr || (!bound.choice.present[b] && HasKeys(*table))) continue;
    for (const DefaultRule& rule : table->defaults) {
      const Formula::Outcome outcome = model.Evaluate(rule.value);
      const double* d = outcome.ok() ? outcome.value.AsDouble() : nullptr;
      const int64_t* n = outcome.ok() ? outcome.value.AsInt() : nullptr;
      if (d == nullptr && n == nullptr) {
        diagnostics->Add(Code::kBadValueWord, rule.value.text().place(), "a default is a number");
        continue;
      }
      for (size_t t = 0; t < rules.tensors.size(); ++t) {
        if (rules.tensors[t].block != static_cast<int>(b) ||
            rules.tensors[t].name != rule.tensor.text)
          continue;
        values[static_cast<int>(t)] = d != nullptr ? *d : static_cast<double>(*n);
      }
    }
  }
  // A default stands in for what is not there.
  for (const BoundPiece& piece : bound.pieces) values.erase(bound.leaves[piece.leaf].tensor);
  return values;
}

Dtype MostCommonFloat(const KeyTable& table) {
  std::map<Dtype, size_t> count;
  for (const FoundKey& key : table.keys) {
    if (key.dtype && IsFloat(*key.dtype) && key.quantized < 0 && key.part_of < 0)
      ++count[*key.dtype];
  }
  Dtype common = Dtype::kF32;
  for (const auto& [dtype, n] : count) {
    if (n > count[common]) common = dtype;
  }
  return common;
}

}  // namespace rr
