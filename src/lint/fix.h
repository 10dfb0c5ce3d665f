// Fixes: the edits that findings carry, applied to the text of a file.
#ifndef RULE_RUNNER_LINT_FIX_H_
#define RULE_RUNNER_LINT_FIX_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "io/files.h"

namespace rr {

struct FixedFile {
  SourcePtr source;  // as it was
  std::string text;  // as it is with the fixes
  size_t fixes = 0;
};

// The files among `sources` that fixes change. A fix is taken whole or not at all; one that would
// change what an earlier one has changed is left for the next run.
std::vector<FixedFile> ApplyFixes(const Diagnostics& findings,
                                  const std::vector<SourcePtr>& sources);

// Written beside the file, synced, and renamed over it. Throws OsError.
void ReplaceFile(Files& files, const std::string& path, std::string_view text);

// The change as `diff -u` writes it, with three lines around each change; "" when there is none.
std::string UnifiedDiff(const std::string& path, std::string_view before, std::string_view after);

}  // namespace rr

#endif  // RULE_RUNNER_LINT_FIX_H_
