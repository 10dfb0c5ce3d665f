// The tests of a rule file: elements followed through layouts, and round trips of every pair of
// layouts.
#ifndef RULE_RUNNER_RUN_RULE_TESTS_H_
#define RULE_RUNNER_RUN_RULE_TESTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "check/checked_rules.h"

namespace rr {

struct RuleTestReport {
  size_t elements = 0;             // places of elements that were checked
  size_t facts = 0;                // what else tests say: counts, shapes, values, targets, keys
  size_t round_trips = 0;          // ordered pairs of layouts that were converted there and back
  size_t adapter_round_trips = 0;  // of layouts of adapters
  size_t skipped = 0;              // pairs that requirements, `partial` or `default` rule out
  uint64_t seed = 0;
};

// All that the file's tests say, see below. RR901 for what is otherwise, RR902 for what cannot be
// run. `adapters` are the rules of the family's adapters, needed where NamesAdapters says so.
void RunRuleTests(const CheckedRules& weights, const CheckedRules* adapters, RuleTestReport* report,
                  Diagnostics* diagnostics);

// One form of tests each; names are known to be good, or passed over.
struct RuleTests {
  const CheckedRules& weights;
  const CheckedRules* adapters;  // may be absent
  RuleTestReport* report;
  Diagnostics* diagnostics;
};
// `element`, also of the files that are extended: where the rules put it, the formulas of this and
// of another layout, a guess, or why it is nowhere.
void RunElementTests(const RuleTests& tests);
// `counts` and `shapes`: the keys that a layout has for a model.
void RunShapeTests(const RuleTests& tests);
// `target`: the layouts and settings that a system with versions stands for.
void RunTargetTests(const RuleTests& tests);
// `among`: the style of adapters that adapter_config.json speaks for, also as the style writes it.
void RunEvidenceTests(const RuleTests& tests);
// `key` and `passed`: what a key is in a layout, and how layouts call a tensor that they pass.
void RunKeyTests(const RuleTests& tests);
// `values`: what a conversion makes of an element, from the first layout to each other one and
// back.
void RunValueTests(const RuleTests& tests);

// Every ordered pair of layouts, at random pairwise different sizes, for each config that the
// file's tests name: the plan engine and the reference engine must agree bit for bit, and the way
// back must give the first bytes again (to rounding where value words round).
void RunRoundTrips(const CheckedRules& rules, uint64_t seed, RuleTestReport* report,
                   Diagnostics* diagnostics);

// Every ordered pair of layouts of adapters: a random adapter of small whole numbers, with an A of
// its own for every tensor or with one for all, goes there and back, and its deltas (scale * B * A)
// must be the same bit for bit.
void RunAdapterRoundTrips(const CheckedRules& adapters, uint64_t seed, RuleTestReport* report,
                          Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_RULE_TESTS_H_
