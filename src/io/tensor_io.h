// Bytes of tensors by index: what the engines read and write. Implemented over a checkpoint, and in
// memory for tests.
#ifndef RULE_RUNNER_IO_TENSOR_IO_H_
#define RULE_RUNNER_IO_TENSOR_IO_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/checkpoint.h"
#include "io/files.h"

namespace rr {

class TensorReader {
 public:
  virtual ~TensorReader() = default;
  // Fills `out` with the bytes of tensor `index` from byte `offset` of that tensor. Safe from
  // several threads.
  virtual void Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const = 0;
};

class TensorWriter {
 public:
  virtual ~TensorWriter() = default;
  // Safe from several threads.
  virtual void Write(uint32_t index, uint64_t offset, std::span<const std::byte> data) = 0;
};

// The tensors of a checkpoint, by their index in `Checkpoint::tensors`. Opens each file once.
std::unique_ptr<TensorReader> ReadTensorsOf(const Files& files, const Checkpoint& checkpoint);

// Tensors held in memory.
class MemoryTensors : public TensorReader, public TensorWriter {
 public:
  explicit MemoryTensors(std::vector<std::vector<std::byte>> tensors)
      : tensors_(std::move(tensors)) {}
  void Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const override;
  void Write(uint32_t index, uint64_t offset, std::span<const std::byte> data) override;
  const std::vector<std::vector<std::byte>>& tensors() const { return tensors_; }

 private:
  std::vector<std::vector<std::byte>> tensors_;
};

}  // namespace rr

#endif  // RULE_RUNNER_IO_TENSOR_IO_H_
