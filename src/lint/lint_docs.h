// What `--explain` and grammar/lints.md say of each code: base/codes.def has its number, name,
// severity, summary and advice; lint_docs_*.def adds an example, the same mended, and
// whether there is a fix.
#ifndef RULE_RUNNER_LINT_LINT_DOCS_H_
#define RULE_RUNNER_LINT_LINT_DOCS_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace rr {

struct LintDoc {
  Code code;
  bool fix = false;          // `lint --fix` can mend it, at least in the clear cases
  std::string_view example;  // a whole rule file that has the finding; empty where one file is not
                             // enough to show it
  std::string_view wrong;    // the part of the example, once in it, that is replaced ...
  std::string_view right;    // ... by this, and lint has nothing left to say
};

// The example with its mistake mended.
std::string Mended(const LintDoc& doc);

// In the order of the codes.
const std::vector<LintDoc>& LintDocs();
// nullptr for a code that lint does not give.
const LintDoc* LintDocOf(Code code);
// The codes that `text` selects: "RR203", "wrong-axes", a beginning such as "RR2", or "all".
std::vector<Code> CodesOf(std::string_view text);

// As a terminal shows it.
std::string ExplainText(const CodeInfo& info);
// A section of grammar/lints.md, and the whole page.
std::string ExplainMarkdown(const CodeInfo& info);
std::string LintsPage();

}  // namespace rr

#endif  // RULE_RUNNER_LINT_LINT_DOCS_H_
