// A checkpoint's tensors with adapters merged into them, computed as they are read.
//
// W + sum of weight * scale * B * A, in float32 (float64 where W is F64), rounded once to the dtype
// of W. DoRA then gives each output its magnitude. Tensors that no adapter touches pass through.
// The factors of a weight are loaded at its first read and kept for a while, so memory is bounded
// by the largest weight's factors.
#ifndef RULE_RUNNER_RUN_MERGED_READER_H_
#define RULE_RUNNER_RUN_MERGED_READER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "io/tensor_io.h"
#include "run/adapter_factors.h"
#include "run/open_source.h"
#include "run/stored_matrix.h"

namespace rr {

struct WeightedAdapter {
  const AdapterFactors* factors = nullptr;
  double weight = 1;  // negative takes an adapter out again
  std::string name;   // for messages
};

class MergedReader : public TensorReader {
 public:
  // nullptr after an error: RR514 for what touches nothing, RR510 for weights that are no floats,
  // RR403 for factors of another size.
  static std::unique_ptr<MergedReader> Create(const OpenedSource& base,
                                              std::unique_ptr<TensorReader> inner,
                                              std::vector<WeightedAdapter> adapters,
                                              Diagnostics* diagnostics);
  ~MergedReader() override;

  // By index in the base's key table.
  void Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const override;

  // The largest |change| of every tensor that was touched and read, by key, before rounding.
  std::map<std::string, double> LargestChanges() const;
  size_t TouchedCount() const;
  // Of how many tensors that were read a bit changed.
  size_t ChangedCount() const;

 private:
  struct State;
  explicit MergedReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rr

#endif  // RULE_RUNNER_RUN_MERGED_READER_H_
