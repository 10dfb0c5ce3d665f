#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/diagnostic.h"
#include "io/tensor_io.h"

namespace rr {
namespace {

void CheckRange(uint64_t offset, uint64_t count, uint64_t size) {
  if (offset > size || count > size - offset)
    throw std::out_of_range("bytes beyond the end of a tensor");
}

class CheckpointReader : public TensorReader {
 public:
  CheckpointReader(const Files& files, const Checkpoint& checkpoint) {
    for (const std::string& path : checkpoint.files) files_.push_back(files.Open(path));
    tensors_.reserve(checkpoint.tensors.size());
    for (const StoredTensor& tensor : checkpoint.tensors) {
      const InputFile& file = *files_.at(tensor.file);
      if (tensor.begin > file.size() || tensor.size > file.size() - tensor.begin) {
        throw OsError(fmt::format("cannot read `{}`: the file has become shorter", file.path()));
      }
      tensors_.push_back({tensor.file, tensor.begin, tensor.size});
    }
  }

  void Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const override {
    const Extent& tensor = tensors_.at(index);
    CheckRange(offset, out.size(), tensor.size);
    files_[tensor.file]->ReadAt(tensor.begin + offset, out);
  }

 private:
  struct Extent {
    uint32_t file;
    uint64_t begin;
    uint64_t size;
  };
  std::vector<std::unique_ptr<InputFile>> files_;
  std::vector<Extent> tensors_;
};

}  // namespace

std::unique_ptr<TensorReader> ReadTensorsOf(const Files& files, const Checkpoint& checkpoint) {
  return std::make_unique<CheckpointReader>(files, checkpoint);
}

void MemoryTensors::Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const {
  const auto& tensor = tensors_.at(index);
  CheckRange(offset, out.size(), tensor.size());
  std::copy_n(tensor.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
}

void MemoryTensors::Write(uint32_t index, uint64_t offset, std::span<const std::byte> data) {
  auto& tensor = tensors_.at(index);
  CheckRange(offset, data.size(), tensor.size());
  std::copy(data.begin(), data.end(), tensor.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace rr
