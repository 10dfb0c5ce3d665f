// Every shipped rule file: its element tests, and every ordered pair of its layouts there and back
// at several choices of pairwise different sizes, by the copy plan (with tiny and with ample
// buffers) and by the reference engine, which must agree bit for bit.
#include <doctest/doctest.h>

#include <string>

#include "bind/rule_library.h"
#include "check/test_names.h"
#include "io/files.h"
#include "report/render.h"
#include "run/rule_tests.h"

namespace rr {
namespace {

TEST_CASE("every layout of every family comes back from every other one") {
  const std::string rules_directory = RULE_RUNNER_SOURCE_DIR "/rules";
  RuleLibrary library(RealFiles(), {rules_directory});
  REQUIRE(library.Families().size() >= 3);
  for (const std::string& family : library.Families()) {
    CAPTURE(family);
    Diagnostics findings;
    const RulesPtr rules = library.Load(family, &findings);
    REQUIRE(rules != nullptr);
    RuleTestReport report;
    const RulesPtr adapters = NamesAdapters(*rules)
                                  ? library.AdaptersOf(rules, RuleLibrary::Internal::kNo, &findings)
                                  : nullptr;
    RunRuleTests(*rules, adapters.get(), &report, &findings);
    for (uint64_t seed = 1; seed <= 2; ++seed) RunRoundTrips(*rules, seed, &report, &findings);
    INFO(RenderText(findings, {}));
    CHECK(findings.all().empty());
    CHECK(report.elements >= 10);
    // Every pair, but for those that a layout's `require` rules out in every config.
    CHECK(report.round_trips + report.skipped >=
          2 * rules->layouts.size() * (rules->layouts.size() - 1));
    // A family with one layout has no pair: it is there to be read, tested by its elements.
    if (rules->layouts.size() > 1) CHECK(report.round_trips >= 2 * rules->layouts.size());
  }
}

TEST_CASE("a wrong expectation of an element test is found") {
  Diagnostics findings;
  RuleLibrary library(RealFiles(), {RULE_RUNNER_SOURCE_DIR "/rules"});
  const RulesPtr rules = library.Load("qwen3_moe", &findings);
  REQUIRE(rules != nullptr);
  auto file = std::make_shared<RuleFile>(*rules->file);
  REQUIRE(file->tests.size() >= 2);
  // What is said of `up` is false of `gate`: the two halves of the fused tensor are told apart.
  file->tests[1].expectations = file->tests[0].expectations;
  CheckedRules changed = *rules;
  changed.file = file;
  RuleTestReport report;
  RunElementTests({changed, nullptr, &report, &findings});
  CHECK(file->tests[0].expectations.size() >= 6);
  CHECK(findings.ErrorCount() == file->tests[0].expectations.size());
}

}  // namespace
}  // namespace rr
