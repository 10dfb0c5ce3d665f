// A progress line on a terminal: rewritten in place, a few times a second, gone when the work is
// done.
#ifndef RULE_RUNNER_REPORT_PROGRESS_H_
#define RULE_RUNNER_REPORT_PROGRESS_H_

#include <chrono>
#include <cstdint>

namespace rr {

class ProgressLine {
 public:
  void Show(uint64_t done, uint64_t total);

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace rr

#endif  // RULE_RUNNER_REPORT_PROGRESS_H_
