// Tensors in memory for tests of the engines, with checks that the real ones leave to the system:
// reads and writes stay inside their tensors, and every byte is written exactly once.
#ifndef RULE_RUNNER_TESTS_MEMORY_IO_H_
#define RULE_RUNNER_TESTS_MEMORY_IO_H_

#include <algorithm>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "io/tensor_io.h"
#include "plan/graph.h"

namespace rr {

using Bytes = std::vector<std::byte>;

inline size_t StoredSize(const GraphTensor& tensor) {
  return (static_cast<size_t>(tensor.Count()) * static_cast<size_t>(BitsOf(tensor.dtype)) + 7) / 8;
}

class TestReader : public TensorReader {
 public:
  explicit TestReader(std::vector<Bytes> tensors) : tensors_(std::move(tensors)) {}
  void Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const override {
    const Bytes& tensor = tensors_.at(index);
    if (offset + out.size() > tensor.size()) throw std::logic_error("read beyond a tensor");
    if (!out.empty()) std::memcpy(out.data(), tensor.data() + offset, out.size());
  }
  const std::vector<Bytes>& tensors() const { return tensors_; }

 private:
  std::vector<Bytes> tensors_;
};

class TestWriter : public TensorWriter {
 public:
  explicit TestWriter(const std::vector<GraphTensor>& tensors) {
    for (const GraphTensor& tensor : tensors) {
      tensors_.emplace_back(StoredSize(tensor), std::byte{0xee});
      written_.emplace_back(StoredSize(tensor), 0);
    }
  }
  void Write(uint32_t index, uint64_t offset, std::span<const std::byte> data) override {
    const std::lock_guard lock(mutex_);
    Bytes& tensor = tensors_.at(index);
    if (offset + data.size() > tensor.size()) throw std::logic_error("write beyond a tensor");
    for (size_t i = 0; i < data.size(); ++i) {
      if (written_[index][offset + i]++ != 0) throw std::logic_error("a byte is written twice");
    }
    std::copy(data.begin(), data.end(), tensor.begin() + static_cast<ptrdiff_t>(offset));
  }
  bool EverythingWritten() const {
    for (const auto& tensor : written_) {
      if (std::count(tensor.begin(), tensor.end(), 1) != static_cast<ptrdiff_t>(tensor.size()))
        return false;
    }
    return true;
  }
  const std::vector<Bytes>& tensors() const { return tensors_; }

 private:
  std::mutex mutex_;
  std::vector<Bytes> tensors_;
  std::vector<std::vector<int>> written_;
};

}  // namespace rr

#endif  // RULE_RUNNER_TESTS_MEMORY_IO_H_
