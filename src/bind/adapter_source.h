// An adapter as it was trained: every slice with its rank and alpha, nothing missing.
#ifndef RULE_RUNNER_BIND_ADAPTER_SOURCE_H_
#define RULE_RUNNER_BIND_ADAPTER_SOURCE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "bind/adapter_config.h"
#include "bind/bind_source.h"
#include "bind/key_table.h"
#include "bind/slices.h"

namespace rr {

struct SliceFacts {
  int64_t rank = 0;
  std::optional<double> alpha;  // unknown without a config
};

struct AdapterSource {
  AdapterConfig config;
  SlicedLayout sliced;                   // tensors are those of BoundSource::layout
  std::map<SliceKey, SliceFacts> facts;  // one per slice that has factors

  // scale of B * A; nullopt when alpha is unknown.
  std::optional<double> ScaleOf(const SliceKey& slice) const;

  // Slices of one weight that have all indices in common but that of a batch axis: the first such
  // two that `differ`, each compared with the first of its kind.
  template <typename Differ>
  std::optional<std::pair<SliceKey, SliceKey>> FirstDifferent(int weight, size_t axis,
                                                              Differ differ) const {
    std::map<std::vector<int64_t>, SliceKey> firsts;  // by the other indices
    for (const auto& [slice, ignored] : facts) {
      if (slice.weight != weight) continue;
      std::vector<int64_t> others = slice.batch;
      others[axis] = 0;
      const auto [first, is_new] = firsts.emplace(std::move(others), slice);
      if (!is_new && differ(first->second, slice)) return std::pair{first->second, slice};
    }
    return std::nullopt;
  }
};

struct AdapterSourceOptions {
  bool fill_zero = false;    // what is missing is zero
  bool scaled_rank = false;  // the config has the stamp of the style's `scaled rank`
  bool run_config = false;   // the config is that of a training run: all ranks follow from it
};

// Errors: RR402 for a factor without its partner or an expert that is missing, RR403 for ranks that
// differ between partners, RR423 for ranks that the config contradicts. RR415 warns of ranks that
// nothing could be checked against.
std::optional<AdapterSource> ReadAdapterSource(const BoundSource& source, AdapterConfig config,
                                               const AdapterSourceOptions& options,
                                               Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_ADAPTER_SOURCE_H_
