// Lint as a value: rule files in, findings out, in an order that depends on the files alone.
//
// Enters: the paths of rule files, and the folders in which what they extend is looked up. Leaves:
// the findings of the parser, of the proof (check/) and, for a family without errors, of the passes
// (passes.h), without those that a comment in the file allows. Nothing is printed or changed here.
#ifndef RULE_RUNNER_LINT_LINT_H_
#define RULE_RUNNER_LINT_LINT_H_

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "io/files.h"
#include "lint/selection.h"

namespace rr {

struct LintReport {
  Diagnostics findings;  // by file, place and code, each once
  size_t files = 0;      // that were linted
  // The files that were linted and the shared ones that were read for them: what --fix may change.
  std::vector<SourcePtr> sources;
};

// A file that cannot be read is a finding (RR001). Suppressions are judged in the files named and
// in what `common/` and `adapters/` beside them hold.
LintReport Lint(const Files& files, const std::vector<std::string>& paths,
                const std::vector<std::string>& directories, const Selection& selection);

}  // namespace rr

#endif  // RULE_RUNNER_LINT_LINT_H_
