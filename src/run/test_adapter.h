// An adapter in memory, for round trips.
//
// Enters: the factors of an adapter in one layout. Leaves: the adapter bound and read, and its
// deltas (scale * B * A), which every layout of the same adapter must give alike. Binding keys to a
// layout is most of the work of a round trip, so the same keys are bound to it once.
#ifndef RULE_RUNNER_RUN_TEST_ADAPTER_H_
#define RULE_RUNNER_RUN_TEST_ADAPTER_H_

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "bind/adapter_source.h"
#include "bind/bind_source.h"
#include "bind/key_table.h"
#include "run/test_models.h"

namespace rr {

// All factors are F32.
struct TestAdapter {
  KeyTable table;
  std::vector<std::vector<std::byte>> tensors;
  Config config;      // adapter_config.json
  bool exact = true;  // made without rounding
};

struct OpenedAdapter {
  std::shared_ptr<const BoundSource> bound;
  AdapterSource source;
};

// Deltas by slice, row by row.
using Deltas = std::map<SliceKey, std::vector<double>>;

class AdapterOpener {
 public:
  AdapterOpener(const CheckedRules& rules, const TestModel& model, Diagnostics* diagnostics)
      : rules_(rules), model_(model), diagnostics_(diagnostics) {}

  // nullopt after an error; that some keys cannot be bound is said once.
  std::optional<OpenedAdapter> Open(const TestAdapter& adapter, const CheckedLayout& layout);

 private:
  std::shared_ptr<const BoundSource> Bind(const KeyTable& table, const CheckedLayout& layout);

  const CheckedRules& rules_;
  const TestModel& model_;
  Diagnostics* diagnostics_;
  // By layout, and names and shapes of the keys.
  std::map<std::pair<const CheckedLayout*, std::string>, std::shared_ptr<const BoundSource>> bound_;
};

Deltas DeltasOf(const OpenedAdapter& opened, const TestAdapter& adapter);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_TEST_ADAPTER_H_
