// `golden` of a test: a checkpoint, and what a real system makes of it.
#ifndef RULE_RUNNER_RUN_GOLDEN_TESTS_H_
#define RULE_RUNNER_RUN_GOLDEN_TESTS_H_

#include "base/diagnostic.h"
#include "bind/rule_library.h"
#include "io/files.h"
#include "run/rule_tests.h"

namespace rr {

// Converts `FOLDER/in` and compares every tensor with those of `FOLDER/out`, byte for byte, and the
// other way round unless the test says `back: no`. FOLDER lies beside the rule file; both are
// checkpoints as `convert` reads them, and `FOLDER/config.json` is the config of both where it is
// there. All of it is held in memory: at most 64 MiB a file. RR901 for what is otherwise, with what
// the conversion says where it is refused; RR902 for a folder that is no such case.
void RunGoldenTests(const Files& files, RuleLibrary* library, const CheckedRules& rules,
                    RuleTestReport* report, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_GOLDEN_TESTS_H_
