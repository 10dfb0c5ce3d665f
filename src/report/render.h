// Diagnostics as text for people.
#ifndef RULE_RUNNER_REPORT_RENDER_H_
#define RULE_RUNNER_REPORT_RENDER_H_

#include <string>

#include "base/diagnostic.h"

namespace rr {

struct RenderOptions {
  bool color = false;
  bool excerpt = true;  // the source line and a caret line under it; false is one line per finding
};

// A finding:
//   rules/x.yaml:31:64: error: `v` is stored over [G Q D] but its axes are [G D]  [RR203
//   wrong-axes]
//      31 |   "decoder...": "(G {q[Q D] | k[D] | v[Q D]}) H"
//         |                                       ^^^^^
//      note: `v` is declared here: rules/x.yaml:18:42
//      help: did you mean `k`?
// Without a source: `model.safetensors: error: ...`. Without a file: `error: ...`. Ends in a
// newline. Tabs and wide lines keep the caret under the text; a place over several lines is
// underlined to the end of its first line; a line above 200 columns is cut around the caret.
std::string RenderText(const Diagnostic& diagnostic, const RenderOptions& options);
std::string RenderText(const Diagnostics& diagnostics, const RenderOptions& options);
// "2 errors and 1 warning", or "" when there are none.
std::string SummaryLine(const Diagnostics& diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_REPORT_RENDER_H_
