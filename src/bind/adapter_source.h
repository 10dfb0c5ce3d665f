// An adapter as it was trained: every slice with its rank and alpha, nothing missing.
#ifndef RULE_RUNNER_BIND_ADAPTER_SOURCE_H_
#define RULE_RUNNER_BIND_ADAPTER_SOURCE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
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
};

struct AdapterSourceOptions {
  bool fill_zero = false;    // what is missing is zero
  bool scaled_rank = false;  // the config has the stamp of the style's `scaled rank`
  bool run_config = false;   // the config is that of a training run: all ranks follow from it
};

// Errors: RR402 for a factor without its partner or an expert that is missing, RR403 for ranks that
// differ between partners, RR423 for ranks that the config contradicts.
std::optional<AdapterSource> ReadAdapterSource(const BoundSource& source, AdapterConfig config,
                                               const AdapterSourceOptions& options,
                                               Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_ADAPTER_SOURCE_H_
