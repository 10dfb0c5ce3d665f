// Which tensors of a base the adapters of a merge touch, and how.
#ifndef RULE_RUNNER_RUN_MERGE_TARGETS_H_
#define RULE_RUNNER_RUN_MERGE_TARGETS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/diagnostic.h"
#include "run/adapter_factors.h"
#include "run/merged_reader.h"
#include "run/open_source.h"
#include "run/stored_matrix.h"

namespace rr {

// What one adapter does to one tensor.
struct Change {
  const WeightedAdapter* adapter = nullptr;
  const AdapterFactors::Weight* weight = nullptr;
};

// A tensor of the base that adapters touch.
struct Touched {
  uint32_t tensor = 0;  // index in the key table
  std::optional<StoredMatrix> matrix;
  std::vector<Change> products;  // B * A
  std::vector<Change> biases;    // B's bias, onto a bias of the base
  const Change* dora = nullptr;  // of `products`
  std::optional<Change> saved;   // takes the tensor's place; products are added to it
  mutable std::atomic<double> largest = 0;
  mutable std::atomic<bool> read = false;
  mutable std::atomic<bool> changed = false;  // a bit of it, after rounding
};

using TouchedTensors = std::map<uint32_t, std::unique_ptr<Touched>>;  // by index in the key table

// nullopt after an error: RR514 for what touches nothing, RR510 for weights that are no floats,
// RR403 for factors of another size, RR515 for what cannot be merged like this. Pointers go into
// `adapters`.
std::optional<TouchedTensors> FindTouched(const OpenedSource& base,
                                          const std::vector<WeightedAdapter>& adapters,
                                          Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_MERGE_TARGETS_H_
