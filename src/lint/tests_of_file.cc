// RR902, RR903, RR905: tests that name what does not exist, that are not there, or that cannot see
// an exchange of two axes.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "check/proofs.h"
#include "lint/passes.h"
#include "lint/test_element.h"

namespace rr {
namespace {

std::vector<std::string> TensorNames(const CheckedRules& rules) {
  std::vector<std::string> names;
  for (size_t t = 0; t < rules.tensors.size(); ++t)
    names.push_back(rules.FullName(static_cast<int>(t)));
  return names;
}

// The tensor of the element; -1 after RR902, or when the test has none.
int CheckElement(const CheckedRules& rules, const TestRule& test, Diagnostics* diagnostics) {
  if (!test.element) return -1;
  const Place place = test.element->place();
  const std::optional<TestElement> element = ParseTestElement(test.element->text);
  if (!element) {
    diagnostics->Add(Code::kBadTest, place, "an element is written `block.tensor[index, index]`");
    return -1;
  }
  const int tensor = rules.FindTensor(element->tensor);
  if (tensor < 0) {
    SuggestName(&diagnostics->Add(Code::kBadTest, place,
                                  fmt::format("there is no tensor `{}`", element->tensor)),
                element->tensor, TensorNames(rules), "tensors");
    return -1;
  }
  const auto& axes = rules.tensors[static_cast<size_t>(tensor)].axes;
  if (element->indices.size() != axes.size()) {
    diagnostics->Add(Code::kBadTest, place,
                     fmt::format("`{}` has {} indices, its axes are [{}]", element->tensor,
                                 element->indices.size(), fmt::join(axes, " ")));
    return -1;
  }
  for (const auto& [name, size] : test.sizes) {
    for (size_t a = 0; a < axes.size(); ++a) {
      if (axes[a] != name.text || element->indices[a] < size) continue;
      diagnostics->Add(Code::kBadTest, place,
                       fmt::format("index {} of axis `{}` is not below its size, {}",
                                   element->indices[a], name.text, size));
    }
  }
  return tensor;
}

void CheckNamesOf(const CheckedRules& rules, const TestRule& test, Diagnostics* diagnostics) {
  for (const auto& [name, size] : test.sizes) {
    if (rules.file->FindAxis(name.text) != nullptr) continue;
    SuggestName(&diagnostics->Add(Code::kBadTest, name.place,
                                  fmt::format("`{}` is no axis of this family", name.text)),
                name.text, AxisNames(*rules.file), "axes");
  }
  for (const TestRule::Expectation& expectation : test.expectations) {
    if (rules.FindLayout(expectation.layout.text) != nullptr) continue;
    SuggestName(
        &diagnostics->Add(Code::kBadTest, expectation.layout.place,
                          fmt::format("`{}` is no layout of this family", expectation.layout.text)),
        expectation.layout.text, rules.LayoutNames(), "layouts");
  }
}

}  // namespace

void FindBadTests(const LintContext& context, Diagnostics* diagnostics) {
  for (const TestRule& test : context.rules.file->tests) {
    CheckElement(context.rules, test, diagnostics);
    CheckNamesOf(context.rules, test, diagnostics);
  }
}

void FindMissingTests(const LintContext& context, Diagnostics* diagnostics) {
  const RuleFile& file = *context.rules.file;
  if (!file.tests.empty() || context.rules.tensors.empty()) return;
  Diagnostic& finding =
      diagnostics->Add(Code::kNoTests, file.family.place,
                       fmt::format("family `{}` has no element tests", file.family.text));
  finding.help = "follow one element of each tensor through every layout, under `tests`";
}

void FindEqualTestSizes(const LintContext& context, Diagnostics* diagnostics) {
  for (const TestRule& test : context.rules.file->tests) {
    Diagnostics reported;
    const int tensor = CheckElement(context.rules, test, &reported);
    if (tensor < 0) continue;
    const auto& axes = context.rules.tensors[static_cast<size_t>(tensor)].axes;
    std::map<int64_t, const Name*> seen;
    for (const auto& [name, size] : test.sizes) {
      if (std::find(axes.begin(), axes.end(), name.text) == axes.end()) continue;
      const auto [first, is_new] = seen.emplace(size, &name);
      if (is_new) continue;
      diagnostics->Add(
          Code::kEqualTestSizes, name.place,
          fmt::format("`{}` and `{}` are both {}", first->second->text, name.text, size));
    }
  }
}

}  // namespace rr
