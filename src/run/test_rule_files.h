// Rule files tested side by side on several threads.
//
// Enters: paths of rule files. Leaves: one result a file, in the order of the paths whatever the
// number of threads. A file is tested by itself: nothing is shared between two of them.
#ifndef RULE_RUNNER_RUN_TEST_RULE_FILES_H_
#define RULE_RUNNER_RUN_TEST_RULE_FILES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "io/files.h"
#include "run/rule_tests.h"

namespace rr {

struct RuleFileResult {
  std::string path;
  RuleTestReport report;
  Diagnostics diagnostics;
};

struct TestFilesRequest {
  std::vector<std::string> paths;
  std::vector<std::string> directories;  // where rules are found
  uint64_t seed = 0;
  bool quick = false;       // no round trips of adapters
  bool round_trips = true;  // false: none at all, only what the tests of a file say
  int jobs = 0;             // threads; 0: as many as there are processors, at most 16
};

// `done` is called from one thread at a time, as soon as a result and all before it are there.
void TestRuleFiles(const Files& files, const TestFilesRequest& request,
                   const std::function<void(const RuleFileResult&)>& done);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_TEST_RULE_FILES_H_
