// The progress of a conversion, as a line on the terminal.
#ifndef RULE_RUNNER_CLI_PROGRESS_BAR_H_
#define RULE_RUNNER_CLI_PROGRESS_BAR_H_

#include "report/progress.h"
#include "run/executor.h"

namespace rr::cli {

class ProgressBar : public Progress {
 public:
  void Update(uint64_t done, uint64_t total) override { line_.Show(done, total); }

 private:
  ProgressLine line_;
};

}  // namespace rr::cli

#endif  // RULE_RUNNER_CLI_PROGRESS_BAR_H_
