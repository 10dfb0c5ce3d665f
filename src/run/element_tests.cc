#include "run/element_tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "check/test_names.h"
#include "run/locate.h"
#include "run/rule_tests.h"
#include "run/why_nowhere.h"

namespace rr {
namespace {

// Where the same element is in another layout, of which the file's tests say the same.
std::string Elsewhere(const CheckedRules& rules, const ElementTest& test, const Model& model,
                      const TestRule::Expectation& failed, const CheckedEntry** entry) {
  for (const TestRule::Expectation& other : test.rule->expectations) {
    const CheckedLayout* layout = rules.FindLayout(other.layout.text);
    if (&other == &failed || layout == nullptr) continue;
    Diagnostics ignored;
    const Located found = Locate(model, *layout, test.tensor, test.indices, &ignored);
    if (found.key != other.key || found.position != other.position || found.entry < 0) continue;
    *entry = &layout->entries[static_cast<size_t>(found.entry)];
    return fmt::format("in `{}` it is at {}, as the test says", other.layout.text,
                       PlaceText(found.key, found.position));
  }
  return "";
}

void Fail(const CheckedRules& rules, const std::vector<ElementTest>& tests, const ElementTest& test,
          const TestRule::Expectation& expected, const CheckedLayout& layout, const Located& found,
          Diagnostics* diagnostics) {
  const Model model = test.ModelOf(rules);
  Diagnostic failure{Code::kTestFailed, Severity::kError, expected.place, "", {}, "", {}};
  failure.message =
      fmt::format("{} is {}{} in `{}`, the test says {}", test.rule->element->text,
                  found.key.empty() ? "" : "at ", PlaceText(found.key, found.position),
                  expected.layout.text, PlaceText(expected.key, expected.position));
  if (found.entry < 0) {
    if (const std::string why = WhyNowhere(model, layout, test.tensor, test.indices); !why.empty())
      failure.notes.push_back({{}, fmt::format("in `{}` {}", expected.layout.text, why)});
  } else {
    const CheckedEntry& entry = layout.entries[static_cast<size_t>(found.entry)];
    for (const std::string& line : IndexFormulas(rules, entry, test.tensor))
      failure.notes.push_back(
          {entry.rule->place, fmt::format("in `{}` {}", expected.layout.text, line)});
  }
  const CheckedEntry* other = nullptr;
  const std::string elsewhere = Elsewhere(rules, test, model, expected, &other);
  if (other != nullptr) {
    failure.notes.push_back({{}, elsewhere});
    for (const std::string& line : IndexFormulas(rules, *other, test.tensor))
      failure.notes.push_back({other->rule->place, "there " + line});
  }
  if (!expected.written) {
    failure.help = "this is a place that the layout may have beside the one that it writes";
  } else if (const std::string guess = GuessMistake(rules, tests, test, expected); !guess.empty()) {
    failure.help = "a guess: " + guess;
  }
  Diagnostic& added = diagnostics->Add(failure.code, failure.place, failure.message);
  added.notes = std::move(failure.notes);
  added.help = std::move(failure.help);
}

// What a file says about a key of a layout holds for it whatever a base says.
bool SaysItself(const std::vector<ElementTest>& tests, int tensor,
                const TestRule::Expectation& inherited) {
  for (const ElementTest& test : tests) {
    if (test.inherited || test.tensor != tensor) continue;
    for (const TestRule::Expectation& own : test.rule->expectations) {
      if (own.layout.text == inherited.layout.text && own.key == inherited.key) return true;
    }
  }
  return false;
}

bool IsThere(const Located& found, const TestRule::Expectation& expected) {
  return found.key == expected.key && found.position == expected.position;
}

void CheckPlace(const CheckedRules& rules, const std::vector<ElementTest>& all,
                const ElementTest& test, const TestRule::Expectation& expected,
                const RuleTests& tests) {
  const CheckedLayout& layout = *rules.FindLayout(expected.layout.text);
  const Model model = test.ModelOf(rules);
  if (test.inherited) {
    // Only of a key that this file has as well, for a model that it has as well.
    if (expected.key.empty() || SaysItself(all, test.tensor, expected)) return;
    Diagnostics other_model;
    const std::vector<Located> places =
        LocateAll(model, layout, test.tensor, test.indices, &other_model);
    const auto same_key = std::find_if(places.begin(), places.end(), [&](const Located& place) {
      return place.key == expected.key;
    });
    if (same_key == places.end()) return;
    ++tests.report->elements;
    const bool there = std::any_of(places.begin(), places.end(),
                                   [&](const Located& place) { return IsThere(place, expected); });
    if (!there) Fail(rules, all, test, expected, layout, *same_key, tests.diagnostics);
    return;
  }
  const size_t errors = tests.diagnostics->ErrorCount();
  const Located written = Locate(model, layout, test.tensor, test.indices, tests.diagnostics);
  if (tests.diagnostics->ErrorCount() > errors) return;
  ++tests.report->elements;
  const bool only_written = expected.written && !expected.key.empty();
  if (IsThere(written, expected) && !expected.key.empty()) return;
  if (only_written) {
    Fail(rules, all, test, expected, layout, written, tests.diagnostics);
    return;
  }
  // Nowhere is nowhere in any alternative; another place is one in any of them.
  const std::vector<Located> places =
      LocateAll(model, layout, test.tensor, test.indices, tests.diagnostics);
  if (tests.diagnostics->ErrorCount() > errors) return;
  const auto wrong = [&](const Located& place) {
    return expected.key.empty() ? !place.key.empty() : place.key == expected.key;
  };
  const bool there = std::any_of(places.begin(), places.end(),
                                 [&](const Located& place) { return IsThere(place, expected); });
  const auto found = std::find_if(places.begin(), places.end(), wrong);
  const bool passes = expected.key.empty() ? found == places.end() : there;
  if (!passes)
    Fail(rules, all, test, expected, layout, found == places.end() ? written : *found,
         tests.diagnostics);
}

}  // namespace

std::vector<ElementTest> ElementTestsOf(const CheckedRules& rules) {
  std::vector<ElementTest> tests;
  for (const std::vector<TestRule>* some : {&rules.file->tests, &rules.file->inherited_tests}) {
    for (const TestRule& rule : *some) {
      if (std::optional<ResolvedElement> element = ElementOf(rules, rule))
        tests.push_back({&rule, element->tensor, std::move(element->indices),
                         some == &rules.file->inherited_tests});
    }
  }
  return tests;
}

void RunElementTests(const RuleTests& tests) {
  for (const CheckedRules* rules : {&tests.weights, tests.adapters}) {
    if (rules == nullptr) continue;
    const std::vector<ElementTest> of_rules = ElementTestsOf(*rules);
    for (const ElementTest& test : of_rules) {
      for (const TestRule::Expectation& expected : test.rule->expectations) {
        if (RulesOfTest(tests.weights, tests.adapters, rules->FullName(test.tensor),
                        expected.layout.text) == rules)
          CheckPlace(*rules, of_rules, test, expected, tests);
      }
    }
  }
}

}  // namespace rr
