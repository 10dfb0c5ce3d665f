#include "run/element_tests.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/text.h"
#include "io/json.h"
#include "run/locate.h"
#include "run/rule_tests.h"

namespace rr {
namespace {

struct Element {
  int tensor = -1;
  std::vector<int64_t> indices;
};

// "experts.up[1, 3, 7, 5]"
std::optional<Element> ParseElement(const CheckedRules& rules, const SpannedText& text,
                                    Diagnostics* diagnostics) {
  const std::string& s = text.text;
  auto fail = [&](std::string message, std::string help = "") {
    diagnostics->Add(Code::kBadTest, text.place(), std::move(message)).help = std::move(help);
    return std::nullopt;
  };
  const size_t open = s.find('[');
  if (open == std::string::npos || !s.ends_with(']'))
    return fail("an element is written `block.tensor[index, index]`");
  Element element;
  const std::string name = s.substr(0, open);
  element.tensor = rules.FindTensor(name);
  if (element.tensor < 0) {
    std::vector<std::string> names;
    for (size_t t = 0; t < rules.tensors.size(); ++t)
      names.push_back(rules.FullName(static_cast<int>(t)));
    return fail(fmt::format("there is no tensor `{}`", name), DidYouMean(name, names));
  }
  const char* at = s.data() + open + 1;
  const char* end = s.data() + s.size() - 1;
  while (at < end) {
    while (at < end && (*at == ' ' || *at == ',')) ++at;
    int64_t n = 0;
    const auto [next, error] = std::from_chars(at, end, n);
    if (error != std::errc()) return fail(fmt::format("`{}` is no index", std::string(at, end)));
    element.indices.push_back(n);
    at = next;
  }
  const auto& axes = rules.tensors[static_cast<size_t>(element.tensor)].axes;
  if (element.indices.size() != axes.size()) {
    return fail(fmt::format("`{}` has {} indices, its axes are [{}]", name, element.indices.size(),
                            fmt::join(axes, " ")));
  }
  return element;
}

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
  failure.message = fmt::format("{} is at {} in `{}`, the test says {}", test.rule->element->text,
                                PlaceText(found.key, found.position), expected.layout.text,
                                PlaceText(expected.key, expected.position));
  if (found.entry >= 0) {
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
  if (const std::string guess = GuessMistake(rules, tests, test, expected); !guess.empty())
    failure.help = "a guess: " + guess;
  Diagnostic& added = diagnostics->Add(failure.code, failure.place, failure.message);
  added.notes = std::move(failure.notes);
  added.help = std::move(failure.help);
}

}  // namespace

std::vector<ElementTest> ElementTestsOf(const CheckedRules& rules, Diagnostics* diagnostics) {
  std::vector<ElementTest> tests;
  for (const TestRule& rule : rules.file->tests) {
    if (!rule.element) continue;
    const std::optional<Element> element = ParseElement(rules, *rule.element, diagnostics);
    if (!element) continue;
    ElementTest test{&rule, element->tensor, element->indices, {}, {}};
    for (const auto& [name, text] : rule.config) {
      Diagnostics ignored;
      std::optional<Value> value = ParseJson(name.text, text.text, &ignored);
      test.config.Set(name.text, value ? std::move(*value) : Value(text.text));
    }
    for (const auto& [name, size] : rule.sizes) {
      test.sizes[name.text] = size;
      if (rules.file->FindAxis(name.text) == nullptr)
        diagnostics->Add(Code::kBadTest, name.place,
                         fmt::format("`{}` is no axis of this family", name.text));
    }
    tests.push_back(std::move(test));
  }
  return tests;
}

void RunElementTests(const CheckedRules& rules, RuleTestReport* report, Diagnostics* diagnostics) {
  const std::vector<ElementTest> tests = ElementTestsOf(rules, diagnostics);
  for (const ElementTest& test : tests) {
    const Model model = test.ModelOf(rules);
    for (const TestRule::Expectation& expected : test.rule->expectations) {
      const CheckedLayout* layout = rules.FindLayout(expected.layout.text);
      if (layout == nullptr) {
        diagnostics
            ->Add(Code::kBadTest, expected.layout.place,
                  fmt::format("`{}` is no layout of this family", expected.layout.text))
            .help = DidYouMean(expected.layout.text, rules.LayoutNames());
        continue;
      }
      const size_t errors = diagnostics->ErrorCount();
      const Located found = Locate(model, *layout, test.tensor, test.indices, diagnostics);
      if (diagnostics->ErrorCount() > errors) continue;
      ++report->elements;
      if (found.key == expected.key && found.position == expected.position) continue;
      Fail(rules, tests, test, expected, *layout, found, diagnostics);
    }
  }
}

}  // namespace rr
