// What a layout means, in names that two versions of its rules share: the two are equal exactly
// when their meanings are.
#ifndef RULE_RUNNER_LINT_LAYOUT_MEANING_H_
#define RULE_RUNNER_LINT_LAYOUT_MEANING_H_

#include <map>
#include <set>
#include <string>

#include "check/checked_rules.h"
#include "lint/normal_form.h"

namespace rr {

// A part in normal form, and as the file says it.
struct Meaning {
  std::string normal, shown;
  bool operator<(const Meaning& other) const { return normal < other.normal; }
  bool operator==(const Meaning& other) const { return normal == other.normal; }
};

struct LayoutMeaning {
  struct Key {
    std::string shown;
    std::set<Meaning> elements;  // per variant and block: which elements, in which order
  };
  std::map<std::string, Key> keys;        // by the key in normal form
  std::map<std::string, Meaning> config;  // "I", "block experts", "require": what is asked
};

LayoutMeaning MeaningOf(const CheckedRules& rules, const CheckedLayout& layout,
                        const NormalForms& forms);

}  // namespace rr

#endif  // RULE_RUNNER_LINT_LAYOUT_MEANING_H_
