// Seeded random graphs of every form that layouts make, and a per-element oracle for them.
#ifndef RULE_RUNNER_TESTS_PROPERTY_RANDOM_GRAPH_H_
#define RULE_RUNNER_TESTS_PROPERTY_RANDOM_GRAPH_H_

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <string>

#include "memory_io.h"
#include "plan/graph.h"

namespace rr {

struct RandomGraphOptions {
  int64_t largest_extent = 5;
  bool value_ops = true;
  bool compares = true;
};

class RandomGraph {
 public:
  RandomGraph(uint64_t seed, RandomGraphOptions options) : random_(seed), options_(options) {
    static const Dtype kDtypes[] = {Dtype::kU8,   Dtype::kBF16, Dtype::kF32, Dtype::kI64,
                                    Dtype::kBool, Dtype::kF16,  Dtype::kF64, Dtype::kU16};
    const int destinations = 1 + Below(3);
    for (int d = 0; d < destinations; ++d) {
      dtype_ = kDtypes[Below(8)];
      AddDestination();
    }
    std::shuffle(graph_.edges.begin(), graph_.edges.end(), random_);
    for (const GraphTensor& source : graph_.sources)
      data_.push_back(RandomBytes(StoredSize(source)));
    for (const auto& [compare, copy] : twins_) {
      data_[compare] = data_[copy];
    }
  }

  const Graph& graph() const { return graph_; }
  const std::vector<Bytes>& data() const { return data_; }
  int Below(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }

 private:
  // A destination of a random nest of extents. It is cut along one dim into parts (a concatenation,
  // or an interleaving when the dim is an inner one); some parts are left out (padding), the others
  // come from sources in a random order of dims.
  void AddDestination() {
    const size_t rank = static_cast<size_t>(Below(5));
    std::vector<int64_t> extents;
    for (size_t d = 0; d < rank; ++d) extents.push_back(Extent());
    const auto destination = static_cast<uint32_t>(graph_.destinations.size());
    graph_.destinations.push_back({fmt::format("d{}", destination), dtype_, extents});
    const std::vector<int64_t> strides = RowMajor(extents);
    if (rank == 0) {
      if (Below(4) != 0) AddEdge(destination, {}, {}, 0);
      return;
    }
    const auto cut = static_cast<size_t>(Below(static_cast<int>(rank)));
    const bool each = Below(3) == 0;  // one edge per index: progressions to coalesce
    for (int64_t lo = 0; lo < extents[cut];) {
      const int64_t n = each ? 1 : 1 + Below(static_cast<int>(extents[cut] - lo));
      if (Below(8) != 0) {
        std::vector<int64_t> part = extents;
        part[cut] = n;
        AddEdge(destination, part, strides, lo * strides[cut]);
      }
      lo += n;
    }
    if (extents[cut] == 0) AddEdge(destination, extents, strides, 0);
  }

  void AddEdge(uint32_t destination, const std::vector<int64_t>& extents,
               const std::vector<int64_t>& strides, int64_t start) {
    Edge edge;
    edge.destination = destination;
    edge.copy.dst_start = start;
    Dtype from = dtype_;
    if (options_.value_ops && IsFloat(dtype_) && Below(3) == 0) {
      static const Dtype kFloats[] = {Dtype::kF64, Dtype::kF32, Dtype::kF16, Dtype::kBF16};
      from = kFloats[Below(4)];
      edge.value_op = static_cast<int32_t>(graph_.value_ops.size());
      graph_.value_ops.push_back(RandomOp(from));
    }
    // The source's dims in a random order, some of them not stored (one element repeated), one of
    // them a slice of more.
    std::vector<size_t> order(extents.size());
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random_);
    std::vector<int64_t> source_strides(extents.size(), 0);
    std::vector<int64_t> shape;
    int64_t stride = 1;
    for (size_t i = order.size(); i-- > 0;) {
      const size_t d = order[i];
      if (Below(12) == 0) continue;
      const int64_t before = Below(6) == 0 ? Below(3) : 0, after = Below(6) == 0 ? Below(3) : 0;
      source_strides[d] = stride;
      edge.copy.src_start += before * stride;
      shape.insert(shape.begin(), before + extents[d] + after);
      stride *= shape.front();
    }
    for (size_t d = 0; d < extents.size(); ++d) {
      edge.copy.dims.push_back({extents[d], source_strides[d], strides[d]});
      if (extents[d] % 2 == 0 && extents[d] > 0 && Below(3) == 0) SplitLastDim(&edge.copy.dims);
    }
    std::shuffle(edge.copy.dims.begin(), edge.copy.dims.end(), random_);
    // Two edges of a cut often share a source: then there is something to coalesce.
    const bool share = !graph_.edges.empty() && Below(2) == 0 && edge.copy.Count() > 0 &&
                       Fits(edge.copy, graph_.sources[graph_.edges.back().source], from);
    edge.source = share ? graph_.edges.back().source : AddSource(from, shape);
    graph_.edges.push_back(edge);
    if (options_.compares && Below(6) == 0) {
      Edge compare = edge;
      compare.kind = EdgeKind::kCompare;
      if (Below(2) == 0) {
        compare.source = AddSource(from, graph_.sources[edge.source].shape);
        twins_.emplace_back(compare.source, edge.source);
      }
      graph_.edges.insert(graph_.edges.begin(), compare);
    }
  }

  static bool Fits(const StridedCopy& copy, const GraphTensor& source, Dtype from) {
    int64_t last = copy.src_start;
    for (const CopyDim& dim : copy.dims) last += (dim.n - 1) * dim.src;
    return source.dtype == from && last < source.Count();
  }

  void SplitLastDim(std::vector<CopyDim>* dims) {
    const CopyDim dim = dims->back();
    dims->back() = {dim.n / 2, 2 * dim.src, 2 * dim.dst};
    dims->push_back({2, dim.src, dim.dst});
  }

  uint32_t AddSource(Dtype dtype, std::vector<int64_t> shape) {
    const size_t index = graph_.sources.size();
    graph_.sources.push_back({fmt::format("s{}", index), dtype, std::move(shape)});
    return static_cast<uint32_t>(index);
  }

  ValueOp RandomOp(Dtype from) {
    ValueOp op{from, dtype_, {}};
    for (int steps = Below(3); steps > 0; --steps) {
      ValueStep step;
      step.kind = static_cast<ValueStep::Kind>(Below(3));
      step.compute = Below(2) == 0 ? Dtype::kF32 : Dtype::kF64;
      static const double kOperands[] = {1, -1, 0.1, 0, 3.5e38, 1e-40};
      step.operand = kOperands[Below(6)];
      op.steps.push_back(step);
    }
    return op;
  }

  Bytes RandomBytes(size_t size) {
    Bytes bytes(size);
    // Runs of ones make NaNs, infinities and subnormals of all formats frequent.
    for (std::byte& byte : bytes) {
      const int kind = Below(8);
      byte = kind == 0   ? std::byte{0xff}
             : kind == 1 ? std::byte{0}
                         : static_cast<std::byte>(Below(256));
    }
    return bytes;
  }

  int64_t Extent() {
    const int kind = Below(24);
    return kind == 0 ? 0 : kind < 3 ? 1 : 1 + Below(static_cast<int>(options_.largest_extent));
  }

  static std::vector<int64_t> RowMajor(const std::vector<int64_t>& extents) {
    std::vector<int64_t> strides(extents.size(), 1);
    for (size_t d = extents.size(); d-- > 1;) strides[d - 1] = strides[d] * extents[d];
    return strides;
  }

  std::mt19937_64 random_;
  RandomGraphOptions options_;
  Dtype dtype_ = Dtype::kU8;
  Graph graph_;
  std::vector<Bytes> data_;
  std::vector<std::pair<uint32_t, uint32_t>> twins_;  // compare's source, copy's source
};

// A compare of a random box of a destination (parts of several edges, or one element many times),
// with a source that holds what `outputs`, the bytes of the destinations, has there.
inline void AddCompare(uint64_t seed, const std::vector<Bytes>& outputs, Graph* graph,
                       std::vector<Bytes>* data) {
  std::mt19937_64 random(seed);
  const auto below = [&](int64_t n) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
  };
  Edge edge;
  edge.kind = EdgeKind::kCompare;
  edge.destination = static_cast<uint32_t>(below(static_cast<int64_t>(outputs.size())));
  const GraphTensor& destination = graph->destinations[edge.destination];
  if (destination.Count() == 0) return;
  edge.copy.dst_start = below(destination.Count());
  int64_t room = destination.Count() - edge.copy.dst_start, count = 1;
  for (int d = 0; d < 3; ++d) {
    const int64_t dst = below(4) == 0 ? 0 : 1 + below(9);
    const int64_t n =
        dst == 0 ? 1 + below(3) : 1 + below(std::min<int64_t>(6, (room - 1) / dst + 1));
    room -= (n - 1) * dst;
    edge.copy.dims.push_back({n, count, dst});
    count *= n;
  }
  edge.source = static_cast<uint32_t>(graph->sources.size());
  graph->sources.push_back({fmt::format("c{}", edge.source), destination.dtype, {count}});
  const auto unit = static_cast<size_t>(BitsOf(destination.dtype)) / 8;
  Bytes bytes;
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, dst = edge.copy.dst_start;
    for (const CopyDim& dim : edge.copy.dims) {
      dst += rest % dim.n * dim.dst;
      rest /= dim.n;
    }
    const auto at = outputs[edge.destination].begin() + dst * static_cast<int64_t>(unit);
    bytes.insert(bytes.end(), at, at + static_cast<int64_t>(unit));
  }
  data->push_back(std::move(bytes));
  std::shuffle(edge.copy.dims.begin(), edge.copy.dims.end(), random);
  graph->edges.insert(graph->edges.begin() + below(static_cast<int64_t>(graph->edges.size()) + 1),
                      edge);
}

// Bytes of all destinations, element by element, without what edges with value ops bring.
inline std::vector<Bytes> OracleOf(const Graph& graph, const std::vector<Bytes>& data) {
  std::vector<Bytes> result;
  for (const GraphTensor& tensor : graph.destinations)
    result.emplace_back(StoredSize(tensor), std::byte{0});
  for (const Edge& edge : graph.edges) {
    if (edge.kind != EdgeKind::kCopy || edge.value_op >= 0) continue;
    const auto unit = static_cast<size_t>(BitsOf(graph.destinations[edge.destination].dtype)) / 8;
    for (int64_t i = 0; i < edge.copy.Count(); ++i) {
      int64_t rest = i, src = edge.copy.src_start, dst = edge.copy.dst_start;
      for (const CopyDim& dim : edge.copy.dims) {
        src += rest % dim.n * dim.src;
        dst += rest % dim.n * dim.dst;
        rest /= dim.n;
      }
      std::memcpy(&result[edge.destination][static_cast<size_t>(dst) * unit],
                  &data[edge.source][static_cast<size_t>(src) * unit], unit);
    }
  }
  return result;
}

}  // namespace rr

#endif  // RULE_RUNNER_TESTS_PROPERTY_RANDOM_GRAPH_H_
