#include "run/reference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xnoalias.hpp>

#include "base/shape.h"
#include "run/mismatch.h"

namespace rr {
namespace {

// A whole tensor with one entry per element: 4- and 6-bit elements take a byte each while they are
// here.
struct Tensor {
  uint32_t unit = 1;
  size_t count = 0;
  std::unique_ptr<std::byte[]> bytes;
};

size_t StoredBytes(const GraphTensor& tensor) { return ByteCount(tensor.shape, tensor.dtype); }

Tensor EmptyTensor(const GraphTensor& of) {
  Tensor tensor;
  tensor.unit = static_cast<uint32_t>(std::max(8, BitsOf(of.dtype)) / 8);
  tensor.count = static_cast<size_t>(of.Count());
  tensor.bytes = std::make_unique<std::byte[]>(tensor.count * tensor.unit);
  return tensor;
}

// Element i of a sub-byte tensor has bits [i * bits, (i + 1) * bits) of the stream of bytes, lowest
// bit first.
void CopyBit(const std::byte* from, size_t from_bit, std::byte* to, size_t to_bit) {
  const auto bit = (from[from_bit / 8] >> (from_bit % 8)) & std::byte{1};
  to[to_bit / 8] |= bit << (to_bit % 8);
}

Tensor LoadTensor(const GraphTensor& of, const TensorReader& reader, uint32_t index) {
  Tensor tensor = EmptyTensor(of);
  const size_t size = StoredBytes(of);
  const size_t bits = static_cast<size_t>(BitsOf(of.dtype));
  if (size == 0) return tensor;
  if (bits >= 8) {
    reader.Read(index, 0, std::span(tensor.bytes.get(), size));
    return tensor;
  }
  const auto packed = std::make_unique<std::byte[]>(size);
  reader.Read(index, 0, std::span(packed.get(), size));
  for (size_t i = 0; i < tensor.count; ++i) {
    for (size_t b = 0; b < bits; ++b)
      CopyBit(packed.get(), i * bits + b, tensor.bytes.get(), i * 8 + b);
  }
  return tensor;
}

void StoreTensor(const GraphTensor& of, const Tensor& tensor, TensorWriter& writer,
                 uint32_t index) {
  const size_t size = StoredBytes(of);
  const size_t bits = static_cast<size_t>(BitsOf(of.dtype));
  if (size == 0) return;
  if (bits >= 8) {
    writer.Write(index, 0, std::span<const std::byte>(tensor.bytes.get(), size));
    return;
  }
  const auto packed = std::make_unique<std::byte[]>(size);
  for (size_t i = 0; i < tensor.count; ++i) {
    for (size_t b = 0; b < bits; ++b)
      CopyBit(tensor.bytes.get(), i * 8 + b, packed.get(), i * bits + b);
  }
  writer.Write(index, 0, std::span<const std::byte>(packed.get(), size));
}

// The elements of one side of an edge as an xtensor view of its extents and strides.
template <class T>
auto ViewOf(const Tensor& tensor, const StridedCopy& copy, int64_t start,
            int64_t CopyDim::*stride) {
  std::vector<size_t> shape;
  std::vector<ptrdiff_t> strides;
  for (const CopyDim& dim : copy.dims) {
    shape.push_back(static_cast<size_t>(dim.n));
    strides.push_back(dim.n == 1 ? 0 : dim.*stride);
  }
  T* data = reinterpret_cast<T*>(tensor.bytes.get()) + start;
  // xtensor wants the number of elements of the view here, however far apart they lie.
  return xt::adapt(data, static_cast<size_t>(copy.Count()), xt::no_ownership(), shape, strides);
}

template <class T>
auto SourceView(const Tensor& tensor, const StridedCopy& copy) {
  return ViewOf<T>(tensor, copy, copy.src_start, &CopyDim::src);
}

template <class T>
auto DestinationView(const Tensor& tensor, const StridedCopy& copy) {
  return ViewOf<T>(tensor, copy, copy.dst_start, &CopyDim::dst);
}

// Calls `f` with a value of the unsigned type of `unit` bytes.
template <class F>
void WithUnit(uint32_t unit, F&& f) {
  switch (unit) {
    case 1:
      return f(uint8_t{});
    case 2:
      return f(uint16_t{});
    case 4:
      return f(uint32_t{});
    default:
      return f(uint64_t{});
  }
}

// A float format as its definition says it: 2^(e - bias) * (1 + m / 2^mantissa). Arithmetic on
// purpose, where the kernels work on bits.
struct Format {
  int bits, exponent, mantissa;
  int Bias() const { return (1 << (exponent - 1)) - 1; }
};

Format FormatOf(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF64:
      return {64, 11, 52};
    case Dtype::kF32:
      return {32, 8, 23};
    case Dtype::kF16:
      return {16, 5, 10};
    default:
      return {16, 8, 7};
  }
}

// NaNs travel as their sign and their payload, left-aligned; numbers as doubles.
struct Number {
  double value = 0;
  bool nan = false;
  bool negative = false;
  uint64_t payload = 0;  // 52 bits
};

Number Decode(uint64_t bits, Format format) {
  const uint64_t mantissa = bits & ((uint64_t{1} << format.mantissa) - 1);
  const int exponent =
      static_cast<int>(bits >> format.mantissa & ((uint64_t{1} << format.exponent) - 1));
  Number number;
  number.negative = (bits >> (format.bits - 1) & 1) != 0;
  if (exponent == (1 << format.exponent) - 1) {
    number.nan = mantissa != 0;
    number.payload = mantissa << (52 - format.mantissa);
    number.value = std::numeric_limits<double>::infinity();
  } else if (exponent == 0) {
    number.value = std::ldexp(static_cast<double>(mantissa), 1 - format.Bias() - format.mantissa);
  } else {
    const double fraction = 1 + std::ldexp(static_cast<double>(mantissa), -format.mantissa);
    number.value = std::ldexp(fraction, exponent - format.Bias());
  }
  if (number.negative) number.value = -number.value;
  return number;
}

uint64_t Encode(const Number& number, Format format) {
  const bool negative = number.nan ? number.negative : std::signbit(number.value);
  const uint64_t sign = negative ? uint64_t{1} << (format.bits - 1) : 0;
  const uint64_t infinity = ((uint64_t{1} << format.exponent) - 1) << format.mantissa;
  if (number.nan) {
    const uint64_t quiet = uint64_t{1} << (format.mantissa - 1);
    return sign | infinity | quiet | number.payload >> (52 - format.mantissa);
  }
  const double magnitude = std::fabs(number.value);
  if (std::isinf(magnitude)) return sign | infinity;
  if (magnitude == 0) return sign;
  const int smallest = 1 - format.Bias();  // exponent of the smallest normal number
  int exponent = std::max(std::ilogb(magnitude), smallest);
  // In units of the last place; nearbyint rounds ties to even.
  double places = std::nearbyint(std::ldexp(magnitude, format.mantissa - exponent));
  if (places == std::ldexp(1.0, format.mantissa + 1)) {
    places /= 2;
    ++exponent;
  }
  if (exponent > format.Bias()) return sign | infinity;
  const double one = std::ldexp(1.0, format.mantissa);
  if (places < one) return sign | static_cast<uint64_t>(places);
  return sign | static_cast<uint64_t>(exponent + format.Bias()) << format.mantissa |
         static_cast<uint64_t>(places - one);
}

Number Apply(const ValueStep& step, Number x) {
  if (x.nan) return x;
  const auto apply = [&](auto value, auto operand) {
    if (step.kind == ValueStep::Kind::kAdd) return value + operand;
    return step.kind == ValueStep::Kind::kMultiply ? value * operand : value / operand;
  };
  if (step.compute == Dtype::kF64) {
    x.value = apply(x.value, step.operand);
  } else {
    x.value = apply(static_cast<float>(x.value), static_cast<float>(step.operand));
  }
  if (std::isnan(x.value)) x = {0, true, false, 0};
  return x;
}

// The elements that an edge brings, in its order of dims, with the destination's unit.
template <class To>
xt::xarray<To> ElementsOf(const Graph& graph, const Edge& edge, const Tensor& source) {
  if (edge.value_op < 0) return SourceView<To>(source, edge.copy);
  const ValueOp& op = graph.value_ops[static_cast<size_t>(edge.value_op)];
  xt::xarray<To> elements;
  WithUnit(source.unit, [&](auto unit) {
    using From = decltype(unit);
    const xt::xarray<From> bits = SourceView<From>(source, edge.copy);
    elements = xt::xarray<To>::from_shape(bits.shape());
    std::transform(bits.begin(), bits.end(), elements.begin(), [&](From element) {
      Number number = Decode(element, FormatOf(op.from));
      for (const ValueStep& step : op.steps) number = Apply(step, number);
      return static_cast<To>(Encode(number, FormatOf(op.to)));
    });
  });
  return elements;
}

// The flat index that element `i` of an edge, in the order of its dims, has on one side.
int64_t PositionOf(const StridedCopy& copy, int64_t i, int64_t start, int64_t CopyDim::*stride) {
  int64_t position = start;
  for (size_t d = copy.dims.size(); d-- > 0;) {
    position += i % copy.dims[d].n * (copy.dims[d].*stride);
    i /= copy.dims[d].n;
  }
  return position;
}

// Elements of `data` times those of the factor.
void Multiply(const Product& product, const Tensor& factor, const Tensor& data) {
  const bool wide = product.dtype == Dtype::kF64 || product.factor_dtype == Dtype::kF64;
  WithUnit(data.unit, [&](auto unit) {
    using T = decltype(unit);
    auto stored = DestinationView<T>(data, product.copy);
    xt::xarray<T> elements = stored;
    WithUnit(factor.unit, [&](auto factor_unit) {
      const xt::xarray<decltype(factor_unit)> factors =
          SourceView<decltype(factor_unit)>(factor, product.copy);
      auto at = factors.begin();
      for (T& element : elements) {
        const Number by = Decode(*at++, FormatOf(product.factor_dtype));
        const double operand = by.nan ? std::numeric_limits<double>::quiet_NaN() : by.value;
        const ValueStep step{ValueStep::Kind::kMultiply, operand, wide ? Dtype::kF64 : Dtype::kF32};
        const Format format = FormatOf(product.dtype);
        element = static_cast<T>(Encode(Apply(step, Decode(element, format)), format));
      }
    });
    xt::noalias(stored) = elements;
  });
}

class ReferenceRun {
 public:
  ReferenceRun(const Graph& graph, const TensorReader& reader) : graph_(graph), reader_(reader) {
    sources_.resize(graph.sources.size());
    uses_.resize(graph.sources.size());
    by_destination_.resize(graph.destinations.size());
    for (const Edge& edge : graph.edges) {
      ++uses_[edge.source];
      by_destination_[edge.destination].push_back(&edge);
    }
  }

  // False after a mismatch.
  bool Fill(uint32_t destination, TensorWriter& writer, Diagnostics* diagnostics) {
    const GraphTensor& tensor = graph_.destinations[destination];
    const Tensor result = EmptyTensor(tensor);
    for (const EdgeKind kind : {EdgeKind::kCopy, EdgeKind::kCompare}) {
      for (const Edge* edge : by_destination_[destination]) {
        if (edge->kind != kind) continue;
        if (edge->copy.Count() > 0 && !Do(*edge, SourceOf(edge->source), result, diagnostics))
          return false;
        if (--uses_[edge->source] == 0) sources_[edge->source].reset();
      }
    }
    StoreTensor(tensor, result, writer, destination);
    return true;
  }

 private:
  const Tensor& SourceOf(uint32_t index) {
    if (sources_[index]) return *sources_[index];
    sources_[index] = LoadTensor(graph_.sources[index], reader_, index);
    for (const Product& product : graph_.products) {
      if (product.source != index || product.copy.Count() == 0) continue;
      const Tensor factor = LoadTensor(graph_.sources[product.factor], reader_, product.factor);
      Multiply(product, factor, *sources_[index]);
    }
    return *sources_[index];
  }

  bool Do(const Edge& edge, const Tensor& source, const Tensor& result, Diagnostics* diagnostics) {
    bool equal = true;
    WithUnit(result.unit, [&](auto unit) {
      using T = decltype(unit);
      auto to = DestinationView<T>(result, edge.copy);
      const xt::xarray<T> elements = ElementsOf<T>(graph_, edge, source);
      if (edge.kind == EdgeKind::kCopy) {
        xt::noalias(to) = elements;
        return;
      }
      const xt::xarray<T> kept = to;
      const auto [ours, theirs] = std::mismatch(kept.begin(), kept.end(), elements.begin());
      if (ours == kept.end()) return;
      equal = false;
      Report(edge, ours - kept.begin(), *ours, *theirs, diagnostics);
    });
    return equal;
  }

  void Report(const Edge& edge, int64_t i, uint64_t kept_bits, uint64_t other_bits,
              Diagnostics* diagnostics) const {
    const int64_t element = PositionOf(edge.copy, i, edge.copy.dst_start, &CopyDim::dst);
    ElementValue kept{"", 0, kept_bits};
    for (const Edge* other : by_destination_[edge.destination]) {
      if (other->kind != EdgeKind::kCopy) continue;
      for (int64_t k = 0; k < other->copy.Count(); ++k) {
        if (PositionOf(other->copy, k, other->copy.dst_start, &CopyDim::dst) != element) continue;
        kept.key = graph_.sources[other->source].key;
        kept.element = PositionOf(other->copy, k, other->copy.src_start, &CopyDim::src);
      }
    }
    const ElementValue value{graph_.sources[edge.source].key,
                             PositionOf(edge.copy, i, edge.copy.src_start, &CopyDim::src),
                             other_bits};
    const GraphTensor& destination = graph_.destinations[edge.destination];
    ReportCopiesDiffer(kept, value, destination.key, element,
                       static_cast<uint32_t>(std::max(8, BitsOf(destination.dtype)) / 8),
                       diagnostics);
  }

  const Graph& graph_;
  const TensorReader& reader_;
  std::vector<std::optional<Tensor>>
      sources_;  // loaded when first needed, dropped after the last use
  std::vector<size_t> uses_;
  std::vector<std::vector<const Edge*>> by_destination_;
};

}  // namespace

void ExecuteReference(const Graph& graph, const TensorReader& reader, TensorWriter& writer,
                      Diagnostics* diagnostics) {
  ReferenceRun run(graph, reader);
  for (uint32_t d = 0; d < graph.destinations.size(); ++d) {
    if (!run.Fill(d, writer, diagnostics)) return;
  }
}

}  // namespace rr
