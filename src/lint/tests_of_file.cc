// RR902, RR903, RR905: tests that name what does not exist, that are not there, or that cannot see
// an exchange of two axes.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "check/test_names.h"
#include "lint/passes.h"

namespace rr {

void FindBadTests(const LintContext& context, Diagnostics* diagnostics) {
  CheckTestNames(context.rules, context.adapters, diagnostics);
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
    const std::optional<ResolvedElement> element = ElementOf(context.rules, test);
    if (!element) continue;
    const auto& axes = context.rules.tensors[static_cast<size_t>(element->tensor)].axes;
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
