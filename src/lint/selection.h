// Which findings are shown, and which of them make the run fail.
#ifndef RULE_RUNNER_LINT_SELECTION_H_
#define RULE_RUNNER_LINT_SELECTION_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/diagnostic.h"

namespace rr {

// Built from `--select` and `--ignore`: codes, their beginnings ("RR2") or names, with commas or
// one by one. Without `select` every error and warning is shown; notes are shown only where a code
// selects them. What is ignored is never shown.
class Selection {
 public:
  Selection() = default;
  // The first text that selects no code goes to `unknown`.
  Selection(const std::vector<std::string>& select, const std::vector<std::string>& ignore,
            std::string* unknown);

  bool Shows(const Diagnostic& finding) const;

 private:
  std::optional<std::set<Code>> select_;
  std::set<Code> ignore_;
};

}  // namespace rr

#endif  // RULE_RUNNER_LINT_SELECTION_H_
