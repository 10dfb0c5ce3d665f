#include "plan/adapter_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/text.h"
#include "plan/adapter_keep.h"
#include "plan/adapter_wrapped.h"

namespace rr {
namespace {

constexpr size_t kShownBeyond = 3;  // keys in a message; the others are counted

// What a loader of pairs refuses, and its name as one and as several.
struct BeyondKind {
  Factor factor;
  const char* one;
  const char* many;
};
constexpr std::array<BeyondKind, 3> kBeyondKinds{
    {{Factor::kMagnitude, "DoRA magnitude", "DoRA magnitudes"},
     {Factor::kBias, "bias of B (lora_bias)", "biases of B (lora_bias)"},
     {Factor::kSaved, "weight saved as a whole (modules_to_save)",
      "weights saved as a whole (modules_to_save)"}}};

// Of each stored tensor what it is, nullptr for a factor of a pair. All that one tensor holds is
// of one kind.
std::vector<const BeyondKind*> KindsOf(const BoundLayout& bound, const CheckedRules& rules) {
  std::vector<const BeyondKind*> kinds(bound.tensors.size(), nullptr);
  for (const BoundPiece& piece : bound.pieces) {
    const auto tensor = static_cast<size_t>(bound.leaves[piece.leaf].tensor);
    for (const BeyondKind& kind : kBeyondKinds) {
      if (rules.tensors[tensor].factor == kind.factor) kinds[piece.stored] = &kind;
    }
  }
  return kinds;
}

}  // namespace

BeyondPairs BeyondPairsOf(const BoundLayout& bound, const CheckedRules& rules) {
  const std::vector<const BeyondKind*> kinds = KindsOf(bound, rules);
  BeyondPairs beyond;
  std::vector<std::string> words;
  for (const BeyondKind& kind : kBeyondKinds) {
    const auto count = std::count(kinds.begin(), kinds.end(), &kind);
    if (count == 0) continue;
    words.push_back(fmt::format("{} {}", count, count == 1 ? kind.one : kind.many));
    const auto first = std::find(kinds.begin(), kinds.end(), &kind) - kinds.begin();
    beyond.keys.push_back(bound.tensors[static_cast<size_t>(first)].key);
  }
  const std::set<std::string> shown(beyond.keys.begin(), beyond.keys.end());
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i] != nullptr && shown.count(bound.tensors[i].key) == 0)
      beyond.keys.push_back(bound.tensors[i].key);
  }
  beyond.kinds = JoinWords(words);
  beyond.wrapped = !beyond.keys.empty() && WrappedWeights(bound).size() == beyond.keys.size();
  return beyond;
}

bool KeepPairs(const PairsLoader& loader, const CheckedRules& rules, bool leave_out,
               BoundLayout* bound, Diagnostics* diagnostics) {
  const std::vector<const BeyondKind*> kinds = KindsOf(*bound, rules);
  const BeyondPairs beyond = BeyondPairsOf(*bound, rules);
  if (beyond.keys.empty()) return true;
  if (leave_out) {
    std::vector<bool> keep;
    for (const BeyondKind* kind : kinds) keep.push_back(kind == nullptr);
    KeepTensors(keep, bound);
    return true;
  }
  diagnostics
      ->Add(Code::kPartialConversion, loader.place,
            fmt::format("`{}` takes only A and B of modules, and the adapter has {}: {}",
                        loader.system, beyond.kinds, JoinWords(beyond.keys, kShownBeyond)))
      .help = fmt::format(
      "rule-runner merge BASE OUT --adapter ADAPTER puts all of it into the model, which needs no "
      "adapter then; --allow partial leaves it out, {}",
      beyond.wrapped ? "which is right where it is the model's own weight, without added tokens"
                     : "and what is left is another adapter");
  return false;
}

}  // namespace rr
