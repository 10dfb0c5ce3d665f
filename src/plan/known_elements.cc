#include "plan/known_elements.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/shape.h"
#include "plan/defaults.h"
#include "plan/join.h"
#include "plan/value_words.h"

namespace rr {
namespace {

// A padded dimension: its extent without the padding, and as it is stored. The two are equal when
// nothing is padded.
struct Padding {
  int64_t dim = 0, kept = 0, stored = 0;
};
Padding PaddingOf(const Model& model, const CheckedEntry& entry, const BoundTensor& tensor) {
  const int64_t dim = entry.rule->pad->dim;
  const int64_t stored = tensor.shape[static_cast<size_t>(dim)];
  const auto kept = entry.shape[static_cast<size_t>(dim)].Evaluate(
      [&](const std::string& axis) { return model.SizeOf(axis); });
  return {dim, kept.value_or(stored), stored};
}

StridedCopy BoxOf(const Padding& padding, const std::vector<int64_t>& shape) {
  const auto dim = static_cast<ptrdiff_t>(padding.dim);
  const int64_t outer = ElementCount({shape.begin(), shape.begin() + dim});
  const int64_t inner = ElementCount({shape.begin() + dim + 1, shape.end()});
  const int64_t start = padding.kept * inner, row = padding.stored * inner;
  return {{{outer, row, row}, {row - start, 1, 1}}, start, start};
}

// What all pieces of the tensor are stored as; nullopt where something of it cannot be compared:
// codes, whole numbers, a size that is unknown.
std::optional<std::map<uint32_t, Dtype>> FloatsOf(const BoundSource& source, const KeyTable& table,
                                                  int tensor) {
  std::map<uint32_t, Dtype> dtypes;
  for (uint32_t i = 0; i < source.layout.tensors.size(); ++i) {
    const BoundTensor& stored = source.layout.tensors[i];
    const auto& leaves = source.layout.EntryOf(stored).leaves;
    if (std::none_of(leaves.begin(), leaves.end(),
                     [&](const CheckedLeaf& leaf) { return leaf.tensor == tensor; }))
      continue;
    const std::optional<Dtype>& dtype = table.keys[source.found[i]].dtype;
    if (!stored.unknown_axis.empty() || !dtype || !IsFloat(*dtype)) return std::nullopt;
    dtypes[i] = *dtype;
  }
  return dtypes;
}

}  // namespace

void AddCutPads(const BoundSource& source, const KeyTable& table, Conversion* conversion) {
  for (uint32_t i = 0; i < source.layout.tensors.size(); ++i) {
    const BoundTensor& tensor = source.layout.tensors[i];
    const CheckedEntry& entry = source.layout.EntryOf(tensor);
    if (!entry.rule->pad) continue;
    const Padding padding = PaddingOf(*source.model, entry, tensor);
    if (padding.kept == padding.stored) continue;
    conversion->known.push_back({source.found[i], BoxOf(padding, tensor.shape), 0, std::nullopt,
                                 entry.rule->pad->check_zero, "its padding"});
    conversion->notes.push_back(fmt::format("{}: padding cut from {} to {}",
                                            table.keys[source.found[i]].name, padding.stored,
                                            padding.kept));
  }
}

void NotePads(const BoundSource& source, const BoundLayout& destination,
              const std::vector<bool>& moved_whole, std::vector<std::string>* notes) {
  for (uint32_t i = 0; i < destination.tensors.size(); ++i) {
    const BoundTensor& tensor = destination.tensors[i];
    const CheckedEntry& entry = destination.EntryOf(tensor);
    if (!entry.rule->pad || moved_whole[i]) continue;
    const Padding padding = PaddingOf(*source.model, entry, tensor);
    if (padding.kept != padding.stored) {
      notes->push_back(fmt::format("{}: padded with zeros from {} to {}", tensor.key, padding.kept,
                                   padding.stored));
    }
  }
}

std::set<int> AddKnownTensors(const BoundSource& source, const KeyTable& table,
                              const std::vector<int>& lost, bool required, Conversion* conversion,
                              Diagnostics* diagnostics) {
  const BoundLayout& bound = source.layout;
  const CheckedRules& rules = source.model->rules();
  const std::map<int, double> values =
      DefaultValues(*source.model, conversion->destination, diagnostics);
  std::set<int> known;
  for (const int tensor : lost) {
    const auto value = values.find(tensor);
    if (value == values.end()) continue;
    const auto dtypes = FloatsOf(source, table, tensor);
    if (!dtypes) continue;
    known.insert(tensor);
    const std::string name = rules.FullName(tensor);
    for (const BoundPiece& piece : bound.pieces) {
      const BoundLeaf& leaf = bound.leaves[piece.leaf];
      if (leaf.tensor != tensor || leaf.tied) continue;
      static const EntryRule kNothing;
      std::optional<ValueOp> op = ComposeValueWords(
          *source.model, kNothing, *bound.EntryOf(bound.tensors[piece.stored]).rule, Dtype::kF64,
          dtypes->at(piece.stored), diagnostics);
      if (!op) return known;
      conversion->known.push_back({source.found[piece.stored], BoxOf(leaf, piece), value->second,
                                   std::move(op), required, fmt::format("`{}`", name)});
    }
    conversion->notes.push_back(fmt::format("layout `{}` does not store {}, which is {} there",
                                            conversion->destination.layout->name.text, name,
                                            value->second));
  }
  return known;
}

}  // namespace rr
