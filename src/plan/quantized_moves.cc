#include "plan/quantized_moves.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/text.h"
#include "plan/regrid.h"

namespace rr {
namespace {

constexpr size_t kShownMoves = 3;

class Resolver {
 public:
  Resolver(const KeyTable& table, const ConversionOptions& options, Graph* graph,
           std::vector<std::string>* notes, Diagnostics* diagnostics)
      : table_(table), options_(options), graph_(graph), notes_(notes), diagnostics_(diagnostics) {}

  void Run() {
    elements_ = graph_->sources;
    for (const QuantizedWeight& weight : table_.quantized) {
      GraphTensor& source = graph_->sources[weight.codes];
      const bool values = IsFloat(source.dtype);
      if (!values && weight.code_dtype) source.dtype = *weight.code_dtype;
      if (!values || !table_.named_order)
        source.shape = values ? weight.elements : weight.code_shape;
    }
    std::vector<Edge> edges = std::move(graph_->edges);
    graph_->edges.clear();
    std::map<uint32_t, std::vector<Edge>> coded;  // by destination
    for (Edge& edge : edges) {
      const QuantizedWeight* weight = WeightOf(edge);
      if (weight == nullptr) {
        graph_->edges.push_back(std::move(edge));
      } else if (IsFloat(elements_[edge.source].dtype)) {
        InStoredOrder(*weight, std::move(edge));
      } else {
        coded[edge.destination].push_back(std::move(edge));
      }
    }
    for (const auto& [destination, its_edges] : coded) Move(destination, its_edges);
    for (const auto& [format, count] : moved_)
      notes_->push_back(fmt::format("codes and scales of {} {} weights moved as they are",
                                    WithCommas(count), format));
    if (refused_.empty()) return;
    for (const auto& [reason, keys] : refused_)
      diagnostics_
          ->Add(Code::kLossyConversion, {},
                fmt::format("{}: {}", JoinWords(keys, kShownMoves), reason))
          .help = "--allow lossy stores the values of the weights instead of codes and scales";
  }

 private:
  const QuantizedWeight* WeightOf(const Edge& edge) const {
    if (edge.source >= table_.keys.size()) return nullptr;
    const int32_t index = table_.keys[edge.source].quantized;
    return index < 0 ? nullptr : &table_.quantized[static_cast<size_t>(index)];
  }

  static Gridding GriddingOf(const QuantFormat& format, const std::vector<int64_t>& shape,
                             std::array<int64_t, 2> block) {
    Gridding gridding{shape, std::vector<int64_t>(shape.size(), 1), format.transposed};
    if (shape.size() < 2) return gridding;
    if (format.transposed) std::swap(block[0], block[1]);
    for (size_t d = 0; d < 2; ++d) {
      const size_t dim = shape.size() - 2 + d;
      gridding.block[dim] = block[d] == 0 ? std::max<int64_t>(shape[dim], 1) : block[d];
    }
    return gridding;
  }

  void InStoredOrder(const QuantizedWeight& weight, Edge edge) {
    if (weight.format->transposed && !table_.named_order) {
      const std::vector<int64_t>& there = graph_->destinations[edge.destination].shape;
      const std::optional<StridedCopy> copy =
          Regrid(edge.copy, GriddingOf(*weight.format, elements_[edge.source].shape, {1, 1}),
                 {there, std::vector<int64_t>(there.size(), 1), false});
      if (!copy) return Refuse("its elements cannot be followed", edge.destination);
      edge.copy = *copy;
    }
    graph_->edges.push_back(std::move(edge));
  }

  void Move(uint32_t destination, const std::vector<Edge>& edges) {
    const GraphTensor wanted = graph_->destinations[destination];
    const QuantizedWeight& first = *WeightOf(edges[0]);
    const QuantFormat& format = *first.format;
    const bool whole = edges.size() == 1 && elements_[edges[0].source].shape == wanted.shape;
    if (std::optional<std::string> reason = WhyNotCodes(wanted, edges, whole))
      return Refuse(std::move(*reason), destination);
    const std::optional<std::string> scales_key = format.scales.KeyOf(wanted.key);
    const std::optional<std::string> codes_key = format.codes.KeyOf(wanted.key);
    if (!scales_key || !codes_key)
      return Refuse(fmt::format("`{}` has no name for its scales", format.name.text), destination);
    const GraphTensor& stored = elements_[first.scales];
    // A whole weight's scale may be written in several ways: as it was.
    GraphTensor scales{
        *scales_key,
        stored.dtype,
        whole ? stored.shape : ScaleGrid(StoredShape(format, wanted.shape), first.block),
        {}};
    const auto scale_index = static_cast<uint32_t>(graph_->destinations.size());
    std::vector<Edge> made;
    for (const Edge& edge : edges) {
      if (std::optional<std::string> reason =
              FollowCodes(edge, first, wanted.shape, scale_index, &made))
        return Refuse(std::move(*reason), destination);
    }
    graph_->destinations[destination] = CodesOf(first, *codes_key, wanted.shape);
    graph_->destinations.push_back(std::move(scales));
    for (Edge& edge : made) graph_->edges.push_back(std::move(edge));
    if (whole) MoveOthers(first, wanted.key);
    ++moved_[format.name.text];
  }

  // Why the tensor cannot be made of codes, as far as its weights decide it.
  std::optional<std::string> WhyNotCodes(const GraphTensor& wanted, const std::vector<Edge>& edges,
                                         bool whole) const {
    if (options_.dtype) return fmt::format("codes do not become {}", NameOf(*options_.dtype));
    const QuantizedWeight& first = *WeightOf(edges[0]);
    int64_t covered = 0;
    for (const Edge& edge : edges) {
      const QuantizedWeight& weight = *WeightOf(edge);
      if (weight.format != first.format || weight.code_dtype != first.code_dtype)
        return "it would hold weights of different formats";
      if (edge.kind == EdgeKind::kCopy) covered += edge.copy.Count();
    }
    if (covered != wanted.Count()) return "a part of it would have no codes";
    if (!whole && (first.shape || !first.others.empty()))
      return fmt::format(
          "`{}` keeps the {} of each weight, and this one is made of several or of a "
          "part",
          first.format->name.text, first.shape ? "shape" : "scale of activations");
    return std::nullopt;
  }

  static Dtype CodeDtypeOf(const QuantizedWeight& weight) {
    return weight.code_dtype.value_or(Dtype::kU8);
  }
  static int64_t CodesPerElement(const QuantizedWeight& weight) {
    return BitsOf(CodeDtypeOf(weight)) / weight.format->code.Bits();
  }

  static GraphTensor CodesOf(const QuantizedWeight& like, const std::string& key,
                             const std::vector<int64_t>& shape) {
    GraphTensor codes{key, CodeDtypeOf(like), StoredShape(*like.format, shape), {}};
    const int64_t per = CodesPerElement(like);
    codes.shape.back() = (codes.shape.back() + per - 1) / per;
    if (const int64_t tail = like.format->tail; tail > 0) {
      codes.shape.back() /= tail;
      codes.shape.push_back(tail);
    }
    return codes;
  }

  // Adds the edge's codes and scales to `made`, or says why they cannot be followed.
  std::optional<std::string> FollowCodes(const Edge& edge, const QuantizedWeight& first,
                                         const std::vector<int64_t>& wanted, uint32_t scale_index,
                                         std::vector<Edge>* made) const {
    const QuantizedWeight& weight = *WeightOf(edge);
    if (elements_[weight.scales].dtype != elements_[first.scales].dtype)
      return "its scales would be of different dtypes";
    if (weight.block != first.block) return "its blocks would be of different sizes";
    const std::optional<Edge> codes = Gridded(edge, weight, wanted, {1, CodesPerElement(first)});
    std::optional<Edge> scales = Gridded(edge, weight, wanted, weight.block);
    if (!codes || !scales)
      return fmt::format(
          "`{}` stores blocks of {} x {} along the last two dimensions, and they would be cut or "
          "turned",
          first.format->name.text, BlockText(first.block[0]), BlockText(first.block[1]));
    scales->source = weight.scales;
    scales->destination = scale_index;
    made->push_back(*codes);
    made->push_back(*scales);
    return std::nullopt;
  }

  static std::string BlockText(int64_t block) {
    return block == 0 ? std::string("all") : std::to_string(block);
  }
  static std::vector<int64_t> StoredShape(const QuantFormat& format, std::vector<int64_t> shape) {
    if (format.transposed && shape.size() >= 2) std::swap(shape.back(), shape[shape.size() - 2]);
    return shape;
  }

  std::optional<Edge> Gridded(const Edge& edge, const QuantizedWeight& weight,
                              const std::vector<int64_t>& wanted,
                              const std::array<int64_t, 2>& block) const {
    const QuantFormat& format = *weight.format;
    if (wanted.size() < 2) return std::nullopt;
    const std::optional<StridedCopy> copy =
        Regrid(edge.copy, GriddingOf(format, elements_[edge.source].shape, block),
               GriddingOf(format, wanted, block));
    if (!copy) return std::nullopt;
    Edge gridded = edge;
    gridded.copy = *copy;
    return gridded;
  }

  // Parts that belong to one weight go with it.
  void MoveOthers(const QuantizedWeight& weight, const std::string& key) {
    const auto move = [&](const QuantKey& name, uint32_t source) {
      const std::optional<std::string> to = name.KeyOf(key);
      if (!to) return;
      GraphTensor tensor = graph_->sources[source];
      tensor.key = *to;
      Edge edge;
      edge.source = source;
      edge.destination = static_cast<uint32_t>(graph_->destinations.size());
      edge.copy.dims.push_back({tensor.Count(), 1, 1});
      graph_->destinations.push_back(std::move(tensor));
      graph_->edges.push_back(std::move(edge));
    };
    if (weight.shape) move(*weight.format->shape, *weight.shape);
    for (const auto& [which, source] : weight.others) move(weight.format->others[which], source);
  }

  void Refuse(std::string reason, uint32_t destination) {
    refused_[std::move(reason)].push_back(graph_->destinations[destination].key);
  }

  const KeyTable& table_;
  const ConversionOptions& options_;
  Graph* graph_;
  std::vector<std::string>* notes_;
  Diagnostics* diagnostics_;
  std::vector<GraphTensor> elements_;  // the sources as the edges see them
  std::map<std::string, uint64_t> moved_;
  std::map<std::string, std::vector<std::string>> refused_;
};

}  // namespace

void ResolveQuantized(const KeyTable& table, const ConversionOptions& options, Graph* graph,
                      std::vector<std::string>* notes, Diagnostics* diagnostics) {
  if (!table.quantized.empty()) Resolver(table, options, graph, notes, diagnostics).Run();
}

}  // namespace rr
