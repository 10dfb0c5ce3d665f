// Are two checkpoints the same model, or two adapters the same change of it, whatever their
// layouts?
//
// Weights: the first is converted to the layout of the second and compared with it as it is
// written. Adapters: scale * B * A of every weight is compared, so equal adapters in different
// forms (a shared A, stacked ranks, another scale folded in) are found equal.
#ifndef RULE_RUNNER_RUN_DIFF_H_
#define RULE_RUNNER_RUN_DIFF_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/value.h"
#include "run/open_source.h"

namespace rr {

struct DiffRequest {
  SourceRequest first, second;
  double tolerance = 1e-6;  // of adapters: relative to the largest change of the weight
  uint64_t memory = 64 << 20;
  int jobs = 0;
};

struct TensorDifference {
  std::string key;  // of the second; of the first where only that stores it
  std::string what;
  uint64_t elements = 0;  // that differ
  double largest = 0;     // absolute difference
};

struct DiffReport {
  std::string family, first, second;  // layouts
  bool adapters = false;
  uint64_t compared = 0;  // tensors, or weights of an adapter
  double largest = 0;     // of all differences, also those within the tolerance
  std::vector<TensorDifference> differences;
  std::vector<std::string> not_compared;  // what the first has and the second's layout cannot

  bool equal() const { return differences.empty(); }
  Value ToJson() const;
  std::string ToText() const;
};

// nullopt after an error that leaves nothing to compare.
std::optional<DiffReport> Diff(const Files& files, RuleLibrary* library, const DiffRequest& request,
                               Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_DIFF_H_
