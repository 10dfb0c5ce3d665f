#include "run/rule_tests.h"

#include "check/test_names.h"

namespace rr {

void RunRuleTests(const CheckedRules& weights, const CheckedRules* adapters, RuleTestReport* report,
                  Diagnostics* diagnostics) {
  CheckTestNames(weights, adapters, diagnostics);
  const RuleTests tests{weights, adapters, report, diagnostics};
  for (const auto& run : {RunElementTests, RunValueTests, RunShapeTests, RunTargetTests,
                          RunEvidenceTests, RunKeyTests})
    run(tests);
}

}  // namespace rr
