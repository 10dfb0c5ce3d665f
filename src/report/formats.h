// Diagnostics as text for machines: one renderer per file.
//
// Enters: findings in the order in which they are to be shown. Leaves: text that ends in a newline.
// Lines and columns begin at 1; columns count code points, and an end is the column behind the last
// one. Paths are as they were given on the command line.
#ifndef RULE_RUNNER_REPORT_FORMATS_H_
#define RULE_RUNNER_REPORT_FORMATS_H_

#include <string>
#include <string_view>

#include "base/diagnostic.h"

namespace rr {

// Where a finding is, for formats that have fields for it. Without a file everything is empty; a
// finding about a whole file has no lines.
struct TextRegion {
  std::string file;
  int line = 0, column = 0, end_line = 0, end_column = 0;
};
TextRegion RegionOf(const Place& place);

// rules/x.yaml:31:64: error: `v` is stored over [G Q D]  [RR203 wrong-axes]
// One line for each finding, without notes: for editors and problem matchers.
std::string RenderConcise(const Diagnostics& diagnostics);

// {"findings": [{"code", "name", "severity", "message", "file", "line", "column", "end_line",
// "end_column", "notes": [{"message", "file", ...}], "help", "fix": [{"file", "line", "column",
// "end_line", "end_column", "text"}]}], "errors": n, "warnings": n, "notes": n}
std::string RenderJson(const Diagnostics& diagnostics);

// ::error file=rules/x.yaml,line=31,col=64,endColumn=70,title=RR203 wrong-axes::message
// Workflow commands of GitHub Actions. Errors come first, because the platform shows ten
// annotations of a kind for a step (docs.github.com, workflow commands, "Setting an error
// message"). `col` and `endColumn` are given only where begin and end stand on one line.
std::string RenderGithub(const Diagnostics& diagnostics);

// A SARIF 2.1.0 log (OASIS, 27 March 2020) with one run: the rules that have findings, results with
// their places, related places and fixes. Columns are code points (`columnKind`). Relative paths
// are relative to the base `SRCROOT`, which the reader knows.
std::string RenderSarif(const Diagnostics& diagnostics, std::string_view version);

}  // namespace rr

#endif  // RULE_RUNNER_REPORT_FORMATS_H_
