#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "run/element_tests.h"
#include "run/locate.h"
#include "run/rule_edits.h"

namespace rr {
namespace {

bool Passes(const CheckedRules& rules, const CheckedLayout& layout, const ElementTest& test,
            const TestRule::Expectation& expected) {
  Diagnostics ignored;
  const Located found = Locate(test.ModelOf(rules), layout, test.tensor, test.indices, &ignored);
  return found.key == expected.key && found.position == expected.position;
}

// Whether every element that tests follow through the entry is where they say.
bool AllPass(const CheckedRules& changed, const std::string& layout, const std::set<int>& tensors,
             const std::vector<ElementTest>& tests) {
  const CheckedLayout* there = changed.FindLayout(layout);
  if (there == nullptr) return false;
  for (const ElementTest& test : tests) {
    if (test.inherited || tensors.count(test.tensor) == 0) continue;
    for (const TestRule::Expectation& expected : test.rule->expectations) {
      if (expected.layout.text == layout && expected.written &&
          !Passes(changed, *there, test, expected))
        return false;
    }
  }
  return true;
}

// "off by I = 10 in dimension 0, the length of `gate`"
std::string OffByPart(const CheckedRules& rules, const CheckedEntry& entry, const Model& model,
                      const Located& found, const TestRule::Expectation& expected) {
  if (found.key != expected.key || found.position.size() != expected.position.size()) return "";
  size_t dim = 0, differing = 0;
  for (size_t d = 0; d < found.position.size(); ++d) {
    if (found.position[d] == expected.position[d]) continue;
    dim = d;
    ++differing;
  }
  if (differing != 1) return "";
  const int64_t distance = std::abs(found.position[dim] - expected.position[dim]);
  // What lies between the beginnings of two leaves is the length of a part.
  for (const CheckedLeaf& from : entry.leaves) {
    const CheckedLeaf* next = nullptr;
    Poly length;
    for (const CheckedLeaf& to : entry.leaves) {
      const Poly gap = to.offsets[dim] - from.offsets[dim];
      const auto size = gap.Evaluate([&](const std::string& a) { return model.SizeOf(a); });
      if (!size || *size <= 0) continue;
      const auto least = length.Evaluate([&](const std::string& a) { return model.SizeOf(a); });
      if (next == nullptr || *size < least.value_or(0)) {
        next = &to;
        length = gap;
      }
    }
    if (next == nullptr) continue;
    const auto size = length.Evaluate([&](const std::string& a) { return model.SizeOf(a); });
    if (size != distance) continue;
    return fmt::format("it is off by {} = {} in dimension {}, the length of `{}`",
                       length.ToString(), distance, dim,
                       rules.tensors[static_cast<size_t>(from.tensor)].name);
  }
  return "";
}

}  // namespace

std::string GuessMistake(const CheckedRules& rules, const std::vector<ElementTest>& tests,
                         const ElementTest& test, const TestRule::Expectation& expected) {
  const CheckedLayout& layout = *rules.FindLayout(expected.layout.text);
  const Model model = test.ModelOf(rules);
  Diagnostics ignored;
  const Located found = Locate(model, layout, test.tensor, test.indices, &ignored);
  if (found.entry < 0) return "";
  const CheckedEntry& entry = layout.entries[static_cast<size_t>(found.entry)];
  std::set<int> tensors;
  for (const CheckedLeaf& leaf : entry.leaves) tensors.insert(leaf.tensor);
  for (const RuleEdit& edit : EditsOf(rules, layout, entry)) {
    const std::optional<CheckedRules> changed = Apply(rules, edit);
    if (!changed || !AllPass(*changed, layout.name.text, tensors, tests)) continue;
    return edit.what + (edit.text.empty()
                            ? "; the other way round the tests of this key pass"
                            : fmt::format("; with `{}` the tests of this key pass", edit.text));
  }
  return OffByPart(rules, entry, model, found, expected);
}

}  // namespace rr
