// Comments that allow a finding:
//
//   key: value   # rule-runner: allow RR214 -- the reason
//
// on the line of the finding, or alone on a line above it. Several codes or names are separated by
// commas. Comments that allow nothing, give no reason or cannot be read are findings themselves.
#ifndef RULE_RUNNER_LINT_SUPPRESSIONS_H_
#define RULE_RUNNER_LINT_SUPPRESSIONS_H_

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"

namespace rr {

class Suppressions {
 public:
  // Reads the comments of a file, once for each name.
  void Read(SourcePtr source, Diagnostics* diagnostics);
  // Whether a comment allows the finding; that comment counts as used.
  bool Allows(const Diagnostic& finding);
  // RR009 for every code of `file` that has allowed nothing so far.
  void ReportUnused(const std::string& file, Diagnostics* diagnostics) const;

 private:
  struct Allowed {
    Code code;
    Place place;  // the code in the comment
    bool used = false;
  };
  struct Comment {
    std::string file;
    int line = 0;   // that it is about
    Place comment;  // from # to the end of the line
    bool alone = false;
    std::vector<Allowed> codes;
  };
  void ReadComment(SourcePtr source, uint32_t begin, uint32_t end, Comment comment,
                   Diagnostics* diagnostics);

  std::vector<Comment> comments_;
  std::vector<std::string> files_;
};

}  // namespace rr

#endif  // RULE_RUNNER_LINT_SUPPRESSIONS_H_
