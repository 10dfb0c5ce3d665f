#include "run/test_adapter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/shape.h"

namespace rr {
namespace {

// Where the elements of one axis lie: index `first + k` is `positions[k]` behind the piece's start.
struct AxisPlaces {
  int64_t first = 0;
  std::vector<int64_t> positions{0};
};

AxisPlaces PlacesOf(const BoundLeaf::Axis& axis, int64_t fixed) {
  AxisPlaces places;
  if (axis.fixed) {
    places.first = fixed;
    return places;
  }
  for (const BoundLeaf::Digit& digit : axis.digits) {
    std::vector<int64_t> next;
    for (const int64_t position : places.positions) {
      for (int64_t i = 0; i < digit.n; ++i) next.push_back(position + i * digit.stride);
    }
    places.positions = std::move(next);
  }
  return places;
}

// The elements of a factor, rank first, in the order of its other axes, through all its pieces.
std::vector<float> Gather(const OpenedAdapter& opened, const TestAdapter& adapter,
                          const std::vector<uint32_t>& pieces) {
  const CheckedRules& rules = opened.bound->model->rules();
  const BoundLayout& bound = opened.source.sliced.bound;
  std::vector<std::vector<AxisPlaces>> axes_of;  // of each piece
  std::vector<int64_t> extents;
  for (const uint32_t p : pieces) {
    const BoundPiece& piece = bound.pieces[p];
    const BoundLeaf& leaf = bound.leaves[piece.leaf];
    const LogicalTensor& tensor = rules.tensors[static_cast<size_t>(leaf.tensor)];
    const size_t rank = RankAxisOf(tensor);
    std::vector<AxisPlaces> axes{PlacesOf(leaf.axes[rank], piece.fixed[rank])};
    for (size_t a = tensor.batch; a < tensor.axes.size(); ++a) {
      if (a != rank) axes.push_back(PlacesOf(leaf.axes[a], piece.fixed[a]));
    }
    extents.resize(axes.size(), 0);
    for (size_t i = 0; i < axes.size(); ++i)
      extents[i] =
          std::max(extents[i], axes[i].first + static_cast<int64_t>(axes[i].positions.size()));
    axes_of.push_back(std::move(axes));
  }
  std::vector<std::optional<float>> elements(static_cast<size_t>(ElementCount(extents)));
  for (size_t p = 0; p < pieces.size(); ++p) {
    const BoundPiece& piece = bound.pieces[pieces[p]];
    // Where each element is to stand, and where it lies.
    std::vector<std::pair<int64_t, int64_t>> cells{{0, piece.start}};
    for (size_t i = 0; i < extents.size(); ++i) {
      const AxisPlaces& axis = axes_of[p][i];
      std::vector<std::pair<int64_t, int64_t>> next;
      for (const auto& [index, position] : cells) {
        for (size_t k = 0; k < axis.positions.size(); ++k)
          next.emplace_back(index * extents[i] + axis.first + static_cast<int64_t>(k),
                            position + axis.positions[k]);
      }
      cells = std::move(next);
    }
    const std::vector<std::byte>& bytes = adapter.tensors[opened.bound->found[piece.stored]];
    for (const auto& [index, position] : cells) {
      float x;
      std::memcpy(&x, bytes.data() + static_cast<size_t>(position) * sizeof x, sizeof x);
      elements[static_cast<size_t>(index)] = x;
    }
  }
  std::vector<float> values;
  for (const std::optional<float>& x : elements) {
    if (x) values.push_back(*x);
  }
  return values;
}

std::string NamesAndShapes(const KeyTable& table) {
  std::string text;
  for (const FoundKey& key : table.keys)
    text += fmt::format("{} {}\n", key.name, fmt::join(*key.shape, " "));
  return text;
}

}  // namespace

std::shared_ptr<const BoundSource> AdapterOpener::Bind(const KeyTable& table,
                                                       const CheckedLayout& layout) {
  const auto [at, is_new] = bound_.emplace(std::pair(&layout, NamesAndShapes(table)), nullptr);
  if (!is_new) return at->second;
  const size_t errors = diagnostics_->ErrorCount();
  std::optional<BoundSource> bound =
      BindSource(rules_, layout, model_.config, model_.sizes, table, {}, diagnostics_);
  if (bound && diagnostics_->ErrorCount() == errors)
    at->second = std::make_shared<const BoundSource>(std::move(*bound));
  return at->second;
}

std::optional<OpenedAdapter> AdapterOpener::Open(const TestAdapter& adapter,
                                                 const CheckedLayout& layout) {
  const std::shared_ptr<const BoundSource> bound = Bind(adapter.table, layout);
  if (bound == nullptr) return std::nullopt;
  std::optional<AdapterConfig> config =
      AdapterConfig::Read(adapter.config, "adapter_config.json", diagnostics_);
  if (!config) return std::nullopt;
  std::optional<AdapterSource> read = ReadAdapterSource(*bound, *config, {}, diagnostics_);
  if (!read) return std::nullopt;
  return OpenedAdapter{bound, std::move(*read)};
}

Deltas DeltasOf(const OpenedAdapter& opened, const TestAdapter& adapter) {
  Deltas deltas;
  for (const auto& [slice, facts] : opened.source.facts) {
    const SlicePieces& pieces = opened.source.sliced.slices.at(slice);
    const std::vector<float> a = Gather(opened, adapter, pieces.a);  // rank, input
    const std::vector<float> b = Gather(opened, adapter, pieces.b);  // rank, output
    const auto rank = static_cast<size_t>(facts.rank);
    const size_t in = a.size() / rank, out = b.size() / rank;
    std::vector<double> delta(in * out, 0);
    for (size_t r = 0; r < rank; ++r) {
      for (size_t o = 0; o < out; ++o) {
        for (size_t i = 0; i < in; ++i)
          delta[o * in + i] += static_cast<double>(b[r * out + o]) * a[r * in + i];
      }
    }
    const double scale = opened.source.ScaleOf(slice).value_or(0);
    for (double& x : delta) x *= scale;
    deltas[slice] = std::move(delta);
  }
  return deltas;
}

}  // namespace rr
