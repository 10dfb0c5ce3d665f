#include "run/test_adapter.h"

#include <fmt/format.h>

#include <cstring>

namespace rr {
namespace {

// The elements of a factor, rank first, in the order of its other axes, through all its pieces.
std::vector<float> Gather(const OpenedAdapter& opened, const TestAdapter& adapter,
                          const std::vector<uint32_t>& pieces) {
  const CheckedRules& rules = opened.bound->model->rules();
  std::map<std::vector<int64_t>, float> elements;  // by index: ordered
  const SlicedLayout& sliced = opened.source.sliced;
  for (const uint32_t p : pieces) {
    const BoundPiece& piece = sliced.bound.pieces[p];
    const BoundLeaf& leaf = sliced.bound.leaves[piece.leaf];
    const LogicalTensor& tensor = rules.tensors[static_cast<size_t>(leaf.tensor)];
    const size_t rank = RankAxisOf(tensor);
    std::vector<size_t> order{rank};
    for (size_t a = tensor.batch; a < tensor.axes.size(); ++a) {
      if (a != rank) order.push_back(a);
    }
    // Every index of every axis in turn.
    std::vector<int64_t> sizes, at;
    for (const size_t a : order) {
      int64_t n = 1;
      for (const BoundLeaf::Digit& digit : leaf.axes[a].digits) n *= digit.n;
      sizes.push_back(leaf.axes[a].fixed ? 1 : n);
      at.push_back(0);
    }
    const std::vector<std::byte>& bytes = adapter.tensors[opened.bound->found[piece.stored]];
    for (bool more = true; more;) {
      int64_t position = piece.start;
      std::vector<int64_t> index;
      for (size_t i = 0; i < order.size(); ++i) {
        const BoundLeaf::Axis& axis = leaf.axes[order[i]];
        index.push_back(axis.fixed ? piece.fixed[order[i]] : at[i]);
        if (axis.fixed) continue;
        int64_t rest = at[i];
        for (auto digit = axis.digits.rbegin(); digit != axis.digits.rend(); ++digit) {
          position += rest % digit->n * digit->stride;
          rest /= digit->n;
        }
      }
      float x;
      std::memcpy(&x, bytes.data() + static_cast<size_t>(position) * sizeof x, sizeof x);
      elements[index] = x;
      more = false;
      for (size_t i = at.size(); i-- > 0;) {
        if (++at[i] < sizes[i]) {
          more = true;
          break;
        }
        at[i] = 0;
      }
    }
  }
  std::vector<float> values;
  for (const auto& [index, x] : elements) values.push_back(x);
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
