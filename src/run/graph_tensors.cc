#include "run/graph_tensors.h"

#include <cstring>

#include "base/shape.h"

namespace rr {

std::vector<std::vector<std::byte>> WithConstants(std::vector<std::vector<std::byte>> tensors,
                                                  const std::vector<double>& constants) {
  for (const double value : constants) {
    std::vector<std::byte> bytes(sizeof value);
    std::memcpy(bytes.data(), &value, sizeof value);
    tensors.push_back(std::move(bytes));
  }
  return tensors;
}

std::vector<std::vector<std::byte>> EmptyTensors(const Graph& graph) {
  std::vector<std::vector<std::byte>> tensors;
  for (const GraphTensor& tensor : graph.destinations)
    tensors.emplace_back(ByteCount(tensor.shape, tensor.dtype));
  return tensors;
}

}  // namespace rr
