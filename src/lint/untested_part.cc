// RR904: a leaf that no element test reaches.
//
// A test reaches the leaves of its tensor in the key where it expects the element. Layouts that
// store the same elements in the same order under the same key share their tests, and a family has
// the tests of the files that it extends: what they say of a block holds for it as well.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "check/test_names.h"
#include "lint/passes.h"
#include "syntax/regex.h"

namespace rr {
namespace {

std::string LeafName(const CheckedEntry& entry, int tensor) {
  return fmt::format("{} {} {}", tensor, entry.key.ToString(), entry.Signature());
}

// The regex of a key, whichever variant its named strings have.
std::string RegexOf(const CheckedLayout& layout, const KeyTemplate& key) {
  std::string regex;
  for (const KeyPart& part : key.parts) {
    KeyTemplate one;
    one.parts = {part};
    if (part.kind != KeyPart::Kind::kName) {
      regex += ToRegex(one);
      continue;
    }
    std::string variants;
    for (const auto& [name, templates] : layout.prefixes) {
      if (name != part.text) continue;
      for (const KeyTemplate& one_variant : templates)
        variants += (variants.empty() ? "" : "|") + ToRegex(one_variant);
    }
    regex += fmt::format("(?:{})", variants);
  }
  return regex;
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
  std::map<std::string, CompiledRegex> regexes;  // many layouts have the same keys
  std::set<std::string> reached;
  for (const CheckedLayout& layout : rules.layouts) {
    for (const CheckedEntry& entry : layout.entries) {
      for (const CheckedLeaf& leaf : entry.leaves) {
        const auto keys = expected.find({leaf.tensor, layout.name.text});
        if (keys == expected.end()) continue;
        std::vector<std::string> alike;  // most keys differ where they begin or end
        const KeyEnds ends = EndsOf(entry.key);
        std::copy_if(keys->second.begin(), keys->second.end(), std::back_inserter(alike),
                     [&](const std::string& key) {
                       return key.starts_with(ends.start) && key.ends_with(ends.end);
                     });
        if (alike.empty()) continue;
        const auto [regex, is_new] = regexes.try_emplace(RegexOf(layout, entry.key));
        if (is_new) regex->second = CompiledRegex(regex->first);
        const bool matches = std::any_of(
            alike.begin(), alike.end(),
            [&compiled = regex->second](const std::string& key) { return compiled.Matches(key); });
        if (matches) reached.insert(LeafName(entry, leaf.tensor));
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
