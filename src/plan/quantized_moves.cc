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
    if (options_.dtype)
      return Refuse(fmt::format("codes do not become {}", NameOf(*options_.dtype)), destination);
    const QuantizedWeight& first = *WeightOf(edges[0]);
    const QuantFormat& format = *first.format;
    const GraphTensor wanted = graph_->destinations[destination];
    const std::string key = wanted.key;
    int64_t covered = 0;
    for (const Edge& edge : edges) {
      const QuantizedWeight& weight = *WeightOf(edge);
      if (weight.format != first.format || weight.code_dtype != first.code_dtype)
        return Refuse("it would hold weights of different formats", destination);
      if (edge.kind == EdgeKind::kCopy) covered += edge.copy.Count();
    }
    if (covered != wanted.Count()) return Refuse("a part of it would have no codes", destination);
    const bool whole = edges.size() == 1 && elements_[edges[0].source].shape == wanted.shape;
    if (!whole && (first.shape || !first.others.empty()))
      return Refuse(fmt::format("`{}` keeps the {} of each weight, and this one is made of several "
                                "or of a part",
                                format.name.text, first.shape ? "shape" : "scale of activations"),
                    destination);
    const std::optional<std::string> scales_key = format.scales.KeyOf(key);
    const std::optional<std::string> codes_key = format.codes.KeyOf(key);
    if (!scales_key || !codes_key)
      return Refuse(fmt::format("`{}` has no name for its scales", format.name.text), destination);
    const Dtype code_dtype = first.code_dtype.value_or(Dtype::kU8);
    const int64_t per = BitsOf(code_dtype) / format.code.Bits();
    GraphTensor codes{*codes_key, code_dtype, StoredShape(format, wanted.shape), {}};
    const std::vector<int64_t> grid = ScaleGrid(codes.shape, first.block);
    codes.shape.back() = (codes.shape.back() + per - 1) / per;
    if (format.tail > 0) {
      codes.shape.back() /= format.tail;
      codes.shape.push_back(format.tail);
    }
    GraphTensor scales{*scales_key, elements_[first.scales].dtype, grid, {}};
    // A whole weight's scale may be written in several ways: as it was.
    if (whole) scales.shape = elements_[first.scales].shape;
    const auto scale_index = static_cast<uint32_t>(graph_->destinations.size());
    std::vector<Edge> made;
    for (const Edge& edge : edges) {
      const QuantizedWeight& weight = *WeightOf(edge);
      if (elements_[weight.scales].dtype != scales.dtype)
        return Refuse("its scales would be of different dtypes", destination);
      if (weight.block != first.block)
        return Refuse("its blocks would be of different sizes", destination);
      const std::optional<Edge> of_codes = Gridded(edge, weight, wanted.shape, {1, per});
      std::optional<Edge> of_scales = Gridded(edge, weight, wanted.shape, weight.block);
      if (!of_codes || !of_scales)
        return Refuse(
            fmt::format("`{}` stores blocks of {} x {} along the last two dimensions, and "
                        "they would be cut or turned",
                        format.name.text, BlockText(first.block[0]), BlockText(first.block[1])),
            destination);
      of_scales->source = weight.scales;
      of_scales->destination = scale_index;
      made.push_back(*of_codes);
      made.push_back(*of_scales);
    }
    graph_->destinations[destination] = std::move(codes);
    graph_->destinations.push_back(std::move(scales));
    for (Edge& edge : made) graph_->edges.push_back(std::move(edge));
    if (whole) MoveOthers(first, key);
    ++moved_[format.name.text];
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
