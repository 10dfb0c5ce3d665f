#include <memory>

#include "cli/command.h"

namespace rr::cli {
void AddExplain(CLI::App& app, Run* run) {
  (void)app;
  (void)run;
}
}  // namespace rr::cli
