#include "report/progress.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"

namespace rr {

void ProgressLine::Show(uint64_t done, uint64_t total) {
  const auto now = std::chrono::steady_clock::now();
  if (done >= total) {
    fmt::print(stderr, "\r\033[K");
    return;
  }
  if (now - last_ < std::chrono::milliseconds(200)) return;
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  fmt::print(stderr, "\r\033[K{:3}%  {} of {}  {}/s", total == 0 ? 100 : done * 100 / total,
             HumanBytes(done), HumanBytes(total), HumanBytes(static_cast<uint64_t>(rate)));
  std::fflush(stderr);
}

}  // namespace rr
