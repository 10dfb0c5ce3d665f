#include <fmt/format.h>

#include "plan/box.h"
#include "plan/passes.h"

namespace rr {
namespace {

// Rewrites a box of `bits`-bit elements in bytes. False when some run of it is no whole number of
// bytes.
bool ScaleToBytes(int64_t bits, StridedCopy* copy) {
  FuseDims(copy);
  if (copy->Count() == 0) return true;
  const auto scale = [bits](int64_t* elements) {
    if (*elements * bits % 8 != 0) return false;
    *elements = *elements * bits / 8;
    return true;
  };
  bool has_run = false;
  for (CopyDim& dim : copy->dims) {
    const bool is_run = dim.src == 1 && dim.dst == 1;
    has_run = has_run || is_run;
    if (is_run ? !scale(&dim.n) : !scale(&dim.src) || !scale(&dim.dst)) return false;
  }
  return has_run && scale(&copy->src_start) && scale(&copy->dst_start);
}

void ScaleTensors(std::vector<GraphTensor>* tensors) {
  for (GraphTensor& tensor : *tensors) {
    const int64_t bits = BitsOf(tensor.dtype);
    if (bits >= 8) continue;
    tensor.shape = {(tensor.Count() * bits + 7) / 8};
    tensor.dtype = Dtype::kU8;
  }
}

}  // namespace

void ScaleToUnits(Graph* graph, Diagnostics* diagnostics) {
  std::erase_if(graph->edges, [&](Edge& edge) {
    const GraphTensor& destination = graph->destinations[edge.destination];
    const int64_t bits = BitsOf(destination.dtype);
    if (bits >= 8 || ScaleToBytes(bits, &edge.copy)) return false;
    diagnostics->Add(
        Code::kSubByteElements, Place{},
        fmt::format("`{}` goes to `{}` in runs that are no whole bytes: its {} elements "
                    "have {} bits",
                    graph->sources[edge.source].key, destination.key, NameOf(destination.dtype),
                    bits));
    return true;
  });
  ScaleTensors(&graph->sources);
  ScaleTensors(&graph->destinations);
}

}  // namespace rr
