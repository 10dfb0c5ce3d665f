#include "plan/adapter_keep.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "bind/key_regex.h"

namespace rr {
namespace {

bool Agrees(const BoundPiece& piece, const SliceKey& slice) {
  for (size_t a = 0; a < slice.batch.size(); ++a) {
    if (piece.fixed[a] >= 0 && piece.fixed[a] != slice.batch[a]) return false;
  }
  return true;
}

}  // namespace

void KeepTensors(const std::vector<bool>& keep, BoundLayout* bound) {
  std::vector<uint32_t> new_index;
  std::vector<BoundTensor> kept;
  for (size_t i = 0; i < bound->tensors.size(); ++i) {
    new_index.push_back(keep[i] ? static_cast<uint32_t>(kept.size()) : UINT32_MAX);
    if (keep[i]) kept.push_back(std::move(bound->tensors[i]));
  }
  bound->tensors = std::move(kept);
  std::erase_if(bound->pieces,
                [&](const BoundPiece& piece) { return new_index[piece.stored] == UINT32_MAX; });
  for (BoundPiece& piece : bound->pieces) piece.stored = new_index[piece.stored];
}

bool KeepWhatIsThere(const BoundSource& source, const AdapterSource& adapter,
                     const std::string& only_text, BoundLayout* bound, Diagnostics* diagnostics) {
  const CheckedRules& rules = source.model->rules();
  std::optional<KeyRegex> only;
  if (!only_text.empty()) {
    only = KeyRegex::Compile("--only", only_text, diagnostics);
    if (!only) return false;
  }
  std::set<std::pair<int, std::vector<int64_t>>> saved;  // weights and layers that are saved
  for (const BoundPiece& piece : source.layout.pieces) {
    if (rules.tensors[static_cast<size_t>(source.layout.leaves[piece.leaf].tensor)].factor ==
        Factor::kSaved)
      saved.insert({source.layout.leaves[piece.leaf].tensor, piece.fixed});
  }
  std::vector<bool> keep(bound->tensors.size(), false);
  for (const BoundPiece& piece : bound->pieces) {
    const int tensor = bound->leaves[piece.leaf].tensor;
    const LogicalTensor& logical = rules.tensors[static_cast<size_t>(tensor)];
    bool here = true;
    if (logical.factor == Factor::kSaved) {
      here = std::any_of(saved.begin(), saved.end(), [&](const auto& one) {
        if (one.first != tensor) return false;
        for (size_t a = 0; a < piece.fixed.size(); ++a) {
          if (piece.fixed[a] >= 0 && one.second[a] >= 0 && piece.fixed[a] != one.second[a])
            return false;
        }
        return true;
      });
    } else if (logical.factor == Factor::kMagnitude || logical.factor == Factor::kBias) {
      here = std::any_of(
          adapter.sliced.slices.begin(), adapter.sliced.slices.end(), [&](const auto& slice) {
            return slice.first.weight == WeightOf(rules, tensor) &&
                   !slice.second.Of(logical.factor).empty() && Agrees(piece, slice.first);
          });
    }
    if (here) keep[piece.stored] = true;
  }
  for (size_t i = 0; only && i < keep.size(); ++i)
    keep[i] = keep[i] && only->IsFoundIn(bound->tensors[i].key);
  KeepTensors(keep, bound);
  return true;
}

}  // namespace rr
