#include "check/strength.h"

#include <fmt/format.h>

#include <algorithm>

namespace rr {

LayoutStrength StrengthOf(const CheckedLayout& layout) {
  LayoutStrength result;
  auto weaken = [&](bool used, const char* word, Strength strength) {
    if (!used) return;
    result.strength = std::max(result.strength, strength);
    if (std::find(result.words.begin(), result.words.end(), word) == result.words.end())
      result.words.emplace_back(word);
  };
  for (const CheckedEntry& entry : layout.entries) {
    const EntryRule& rule = *entry.rule;
    weaken(rule.pad.has_value(), "pad", Strength::kInjective);
    weaken(!rule.replicate.empty(), "replicate", Strength::kInjective);
    weaken(rule.tied, "tied", Strength::kInjective);
    weaken(std::any_of(entry.leaves.begin(), entry.leaves.end(),
                       [](const CheckedLeaf& leaf) { return !leaf.copies.empty(); }),
           "copies", Strength::kInjective);
    weaken(rule.cast.has_value(), "cast", Strength::kRounding);
    weaken(rule.add.has_value(), "add", Strength::kRounding);
    weaken(rule.multiply.has_value(), "multiply", Strength::kRounding);
    weaken(rule.times.has_value(), "times", Strength::kOneWay);
    weaken(rule.drop.has_value(), "drop", Strength::kOneWay);
  }
  weaken(layout.partial.has_value(), "partial", Strength::kOneWay);
  for (const TableRule* table : layout.tables) {
    if (table == nullptr) continue;
    weaken(table->partial.has_value(), "partial", Strength::kOneWay);
    weaken(!table->defaults.empty(), "default", Strength::kInjective);
  }
  return result;
}

std::string ToString(const LayoutStrength& strength) {
  static constexpr const char* kNames[] = {"bijection", "injective", "rounding", "one-way"};
  const char* name = kNames[static_cast<size_t>(strength.strength)];
  return strength.words.empty() ? name
                                : fmt::format("{} ({})", name, fmt::join(strength.words, ", "));
}

}  // namespace rr
