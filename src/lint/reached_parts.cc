#include "lint/reached_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "check/test_names.h"

namespace rr {
namespace {

std::string PartName(const CheckedEntry& entry, int tensor) {
  return fmt::format("{} {} {}", tensor, entry.key.ToString(), entry.Signature());
}

// Whether the text is a key of the template, whichever variant its named strings have.
bool IsKeyOf(const CheckedLayout& layout, const KeyTemplate& key, const std::string& text) {
  const auto named = std::find_if(key.parts.begin(), key.parts.end(), [](const KeyPart& part) {
    return part.kind == KeyPart::Kind::kName;
  });
  if (named == key.parts.end()) return IsKeyOf(key, text);
  const auto name = std::find_if(layout.prefixes.begin(), layout.prefixes.end(),
                                 [&](const auto& prefix) { return prefix.first == named->text; });
  return name != layout.prefixes.end() &&
         std::any_of(name->second.begin(), name->second.end(), [&](const KeyTemplate& variant) {
           return IsKeyOf(layout, ReplacePart(key, KeyPart::Kind::kName, name->first, variant),
                          text);
         });
}

}  // namespace

ReachedParts::ReachedParts(const CheckedRules& rules) {
  // What tests expect: tensor and layout -> keys.
  std::map<std::pair<int, std::string>, std::vector<std::pair<std::string, Reach>>> expected;
  for (const std::vector<TestRule>* tests : {&rules.file->tests, &rules.file->inherited_tests}) {
    for (const TestRule& test : *tests) {
      const std::optional<ResolvedElement> element = ElementOf(rules, test);
      if (!element) continue;
      for (const TestRule::Expectation& expectation : test.expectations)
        expected[{element->tensor, expectation.layout.text}].push_back(
            {expectation.key, {&test, element->indices}});
    }
  }
  for (const CheckedLayout& layout : rules.layouts) {
    for (const CheckedEntry& entry : layout.entries) {
      std::set<int> tensors;
      for (const CheckedLeaf& leaf : entry.leaves) tensors.insert(leaf.tensor);
      for (const int tensor : tensors) {
        const auto keys = expected.find({tensor, layout.name.text});
        if (keys == expected.end()) continue;
        const KeyEnds ends = EndsOf(entry.key);  // most keys differ where they begin or end
        std::vector<Reach> own;
        for (const auto& [key, reach] : keys->second) {
          if (key.starts_with(ends.start) && key.ends_with(ends.end) &&
              IsKeyOf(layout, entry.key, key))
            own.push_back(reach);
        }
        if (own.empty()) continue;
        std::vector<Reach>& all = reached_[PartName(entry, tensor)];
        all.insert(all.end(), own.begin(), own.end());
      }
    }
  }
}

const std::vector<ReachedParts::Reach>& ReachedParts::Of(const CheckedEntry& entry,
                                                         int tensor) const {
  static const std::vector<Reach> kNone;
  const auto found = reached_.find(PartName(entry, tensor));
  return found == reached_.end() ? kNone : found->second;
}

}  // namespace rr
