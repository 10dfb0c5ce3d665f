#include "run/source_reader.h"

#include <cstring>
#include <utility>

namespace rr {

SourceReader::SourceReader(std::unique_ptr<TensorReader> inner, std::vector<uint32_t> tensor_of,
                           std::vector<double> constants)
    : inner_(std::move(inner)),
      tensor_of_(std::move(tensor_of)),
      constants_(std::move(constants)) {}

void SourceReader::Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const {
  if (index < tensor_of_.size()) {
    inner_->Read(tensor_of_[index], offset, out);
    return;
  }
  const double value = constants_.at(index - tensor_of_.size());
  std::memcpy(out.data(), reinterpret_cast<const std::byte*>(&value) + offset, out.size());
}

}  // namespace rr
