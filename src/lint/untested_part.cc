// RR904: a leaf that no element test reaches.
//
// A test reaches the leaves of its tensor in the key where it expects the element. Layouts that
// store the same elements in the same order under the same key share their tests, and a family has
// the tests of the files that it extends: what they say of a block holds for it as well.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "check/test_names.h"
#include "lint/passes.h"

namespace rr {
namespace {

std::string LeafName(const CheckedEntry& entry, int tensor) {
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

bool Stores(const CheckedEntry& entry, int tensor) {
  for (const CheckedLeaf& leaf : entry.leaves) {
    if (leaf.tensor == tensor) return true;
  }
  return false;
}

}  // namespace

void FindUntestedParts(const LintContext& context, Diagnostics* diagnostics) {
  const CheckedRules& rules = context.rules;
  if (rules.file->tests.empty()) return;  // RR903
  // What tests expect: tensor and layout -> keys.
  std::map<std::pair<int, std::string>, std::vector<std::string>> expected;
  for (const std::vector<TestRule>* tests : {&rules.file->tests, &rules.file->inherited_tests}) {
    for (const TestRule& test : *tests) {
      const std::optional<ResolvedElement> element = ElementOf(rules, test);
      if (!element) continue;
      for (const TestRule::Expectation& expectation : test.expectations)
        expected[{element->tensor, expectation.layout.text}].push_back(expectation.key);
    }
  }
  std::set<std::string> reached;
  for (const CheckedLayout& layout : rules.layouts) {
    for (const CheckedEntry& entry : layout.entries) {
      for (const CheckedLeaf& leaf : entry.leaves) {
        const auto keys = expected.find({leaf.tensor, layout.name.text});
        if (keys == expected.end()) continue;
        const KeyEnds ends = EndsOf(entry.key);  // most keys differ where they begin or end
        const bool named =
            std::any_of(keys->second.begin(), keys->second.end(), [&](const std::string& key) {
              return key.starts_with(ends.start) && key.ends_with(ends.end) &&
                     IsKeyOf(layout, entry.key, key);
            });
        if (named) reached.insert(LeafName(entry, leaf.tensor));
      }
    }
  }
  for (const CheckedLayout& layout : rules.layouts) {
    for (const CheckedEntry& entry : layout.entries) {
      if (entry.rule->tied) continue;  // a copy of what another key stores
      std::vector<std::string> untested;
      for (size_t t = 0; t < rules.tensors.size(); ++t) {
        const int tensor = static_cast<int>(t);
        if (Stores(entry, tensor) && reached.count(LeafName(entry, tensor)) == 0)
          untested.push_back(fmt::format("`{}`", rules.tensors[t].name));
      }
      if (untested.empty()) continue;
      diagnostics->Add(Code::kUntestedPart, entry.rule->place,
                       fmt::format("no element test of `{}` reaches {} here in layout `{}`",
                                   rules.file->family.text, JoinWords(untested), layout.name.text));
    }
  }
}

}  // namespace rr
