// The tensors of a graph's sources, read from a checkpoint: excluded tensors are skipped, constants
// follow at the end.
#ifndef RULE_RUNNER_RUN_SOURCE_READER_H_
#define RULE_RUNNER_RUN_SOURCE_READER_H_

#include <memory>
#include <vector>

#include "io/tensor_io.h"

namespace rr {

// Index i < tensor_of.size() is tensor tensor_of[i] of `inner`; then come the constants, one F64
// each.
class SourceReader : public TensorReader {
 public:
  SourceReader(std::unique_ptr<TensorReader> inner, std::vector<uint32_t> tensor_of,
               std::vector<double> constants);
  void Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const override;

 private:
  std::unique_ptr<TensorReader> inner_;
  std::vector<uint32_t> tensor_of_;
  std::vector<double> constants_;
};

}  // namespace rr

#endif  // RULE_RUNNER_RUN_SOURCE_READER_H_
