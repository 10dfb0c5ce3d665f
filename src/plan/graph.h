// The transform graph: which elements of which source tensor go where in which destination tensor.
//
// Enters: two bound layouts of one family. Leaves: plain data, one edge per pair of leaves that
// share elements. An edge is a box of elements with a stride per dimension on both sides; nothing
// in it knows of rules, keys or axes. The reference engine walks it as it is; the passes
// (plan/pass_*.cc) turn it into a `Plan`.
#ifndef RULE_RUNNER_PLAN_GRAPH_H_
#define RULE_RUNNER_PLAN_GRAPH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/shape.h"

namespace rr {

// One dimension of a box: n elements, `src` and `dst` elements apart. A source stride of 0 repeats
// one element.
struct CopyDim {
  int64_t n = 1;
  int64_t src = 0;
  int64_t dst = 0;
  bool operator==(const CopyDim&) const = default;
};

// Elements start + sum(i_d * dims[d].src) of the source go to start + sum(i_d * dims[d].dst) of the
// destination.
struct StridedCopy {
  std::vector<CopyDim> dims;
  int64_t src_start = 0;
  int64_t dst_start = 0;

  int64_t Count() const {  // elements moved
    int64_t n = 1;
    for (const CopyDim& dim : dims) n *= dim.n;
    return n;
  }
  bool operator==(const StridedCopy&) const = default;
};

// What happens to a value on its way: x -> round(round(x op a) op b) ... in `compute` (F32 or F64),
// then one rounding (to nearest, ties to even) to the destination's dtype. No steps: a cast. A
// value wider than `compute` is rounded to it before the step. A NaN stays what it is, made quiet;
// one that a step makes of numbers is the positive quiet NaN without payload.
struct ValueStep {
  enum class Kind { kAdd, kMultiply, kDivide } kind = Kind::kAdd;
  double operand = 0;           // already rounded to `in`
  Dtype compute = Dtype::kF32;  // kF32 or kF64: the arithmetic the step is done in
  bool operator==(const ValueStep&) const = default;
};
struct ValueOp {
  Dtype from = Dtype::kF32;
  Dtype to = Dtype::kF32;
  std::vector<ValueStep> steps;
  bool operator==(const ValueOp&) const = default;
};

struct GraphTensor {
  std::string key;
  Dtype dtype = Dtype::kF32;
  std::vector<int64_t> shape;
  std::optional<Dtype> stored_as{};  // of a source: the dtype that a destination has by itself

  int64_t Count() const { return ElementCount(shape); }
  bool operator==(const GraphTensor&) const = default;
};

enum class EdgeKind : uint8_t {
  kCopy,
  kCompare,  // the destination already has these elements from another edge: they must be equal,
             // bit for bit
};

struct Edge {
  uint32_t source = 0;       // index into Graph::sources
  uint32_t destination = 0;  // index into Graph::destinations
  StridedCopy copy;
  int32_t value_op = -1;  // index into Graph::value_ops; -1 moves bytes (equal dtypes)
  EdgeKind kind = EdgeKind::kCopy;
  bool operator==(const Edge&) const = default;
};

// Elements of a source are multiplied by elements of another one before any edge takes them: the
// element at a destination position of `copy` by the factor's at the source position. The product
// is rounded once, to the source's dtype; it is computed in F64 where one of the two is F64, else
// in F32. What a NaN becomes is as in `ValueOp`.
struct Product {
  uint32_t source = 0;  // indices into Graph::sources
  uint32_t factor = 0;
  Dtype dtype = Dtype::kF32;
  Dtype factor_dtype = Dtype::kF32;
  StridedCopy copy;
  bool operator==(const Product&) const = default;
};

// Elements of a destination that no edge reaches are zero (a padded vocabulary).
struct Graph {
  std::vector<GraphTensor> sources;
  std::vector<GraphTensor> destinations;
  std::vector<Edge> edges;
  std::vector<ValueOp> value_ops;
  std::vector<Product> products;  // no element of a source is in two of them
  bool operator==(const Graph&) const = default;
};

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_GRAPH_H_
