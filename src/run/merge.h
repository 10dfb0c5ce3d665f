// Adapters merged into a base: what `merge` does, from paths to a path.
//
// The base is converted as by `convert`, and what is read of it has the adapters in it. Base,
// adapters and result may each be in any layout.
#ifndef RULE_RUNNER_RUN_MERGE_H_
#define RULE_RUNNER_RUN_MERGE_H_

#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "run/convert.h"

namespace rr {

struct MergeAdapter {
  std::string path;
  double weight = 1;
};

struct MergeRequest {
  ConvertRequest base;  // an empty `to` keeps the base's layout
  std::vector<MergeAdapter> adapters;
  std::string adapter_from;  // layout or target; empty: detected
  bool unmerge = false;      // takes the adapters out again
};

// nullopt after an error; nothing is left behind then.
std::optional<RunReport> Merge(Files& files, RuleLibrary* library, const MergeRequest& request,
                               Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_MERGE_H_
