// What a run has done, or would do: for people and programs.
#ifndef RULE_RUNNER_RUN_RUN_REPORT_H_
#define RULE_RUNNER_RUN_RUN_REPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/value.h"

namespace rr {

struct RunReport {
  std::string family, from, to;
  std::string source, destination;
  std::vector<std::string> reasons;  // how family and layout were found
  std::string strength;              // of both layouts
  std::vector<std::string> lossy, dropped, defaulted, absent, notes;
  std::map<std::string, double> changes;  // of a merge: the largest |change| by tensor
  uint64_t tensors_read = 0, tensors_written = 0;
  uint64_t bytes_read = 0, bytes_written = 0, destination_bytes = 0;
  uint64_t shards = 0, steps = 0, edges = 0;
  uint64_t buffer_bytes = 0;  // of all threads
  double plan_seconds = 0, run_seconds = 0;
  bool dry_run = false;

  Value ToJson() const;
  std::string ToText() const;
};

}  // namespace rr

#endif  // RULE_RUNNER_RUN_RUN_REPORT_H_
