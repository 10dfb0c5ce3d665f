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
  size_t round_trips = 0;          // ordered pairs of layouts that were converted there and back
  size_t adapter_round_trips = 0;  // of layouts of adapters
  size_t skipped = 0;              // pairs that requirements, `partial` or `default` rule out
  uint64_t seed = 0;
};

// Element tests: RR901 with the place that the rules give, the formulas of this and of another
// layout, and a guess; RR902 for a test that cannot be run.
void RunElementTests(const CheckedRules& rules, RuleTestReport* report, Diagnostics* diagnostics);

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
