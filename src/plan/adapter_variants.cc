#include "plan/adapter_variants.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

namespace rr {
namespace {

class Chooser {
 public:
  Chooser(const AdapterSource& adapter, const Model& model, const CheckedLayout& layout,
          FactorValues* values)
      : adapter_(adapter), model_(model), rules_(model.rules()), layout_(layout), values_(values) {
    for (const auto& [slice, facts] : adapter.facts) has_.insert(slice.weight);
  }

  int Choose(int block) {
    const int count = layout_.variant_counts[static_cast<size_t>(block)];
    // (stores all that is there, once only what is equal, nothing else, how much, how little else)
    std::tuple<bool, bool, bool, int, int> best{};
    int chosen = 0;
    for (int v = 0; v < count; ++v) {
      std::set<int> stored;
      bool equal = true;
      for (const CheckedEntry& entry : layout_.entries) {
        if (entry.block != block || entry.variant != v) continue;
        for (const CheckedLeaf& leaf : entry.leaves) {
          const LogicalTensor& tensor = rules_.tensors[static_cast<size_t>(leaf.tensor)];
          if (tensor.factor != Factor::kA && tensor.factor != Factor::kB) continue;
          stored.insert(WeightOf(rules_, leaf.tensor));
          for (size_t a = 0; a < tensor.batch; ++a)
            equal = equal && (!leaf.axes[a].replicated || EqualOver(leaf.tensor, a));
        }
      }
      int kept = 0, others = 0;
      bool all = true;
      for (const int weight : has_) {
        if (rules_.tensors[static_cast<size_t>(weight)].block != block) continue;
        all = all && stored.count(weight) > 0;
        kept += stored.count(weight) > 0 ? 1 : 0;
      }
      for (const int weight : stored) others += has_.count(weight) > 0 ? 0 : 1;
      const std::tuple score{all, equal, others == 0, kept, -others};
      if (v > 0 && score <= best) continue;
      best = score;
      chosen = v;
    }
    return chosen;
  }

 private:
  // Whether a factor is the same at every index of one of its batch axes, and so is its scale. One
  // that lacks is zero (--fill zero), and so another one.
  bool EqualOver(int factor, size_t axis) {
    const auto [done, is_new] = equal_.emplace(std::pair{factor, axis}, true);
    if (!is_new) return done->second;
    const Factor kind = rules_.tensors[static_cast<size_t>(factor)].factor;
    const auto& slices = adapter_.sliced.slices;
    const auto differ = [&](const SliceKey& a, const SliceKey& b) {
      return adapter_.ScaleOf(a) != adapter_.ScaleOf(b) ||
             !values_->Equal(slices.at(a).Of(kind), slices.at(b).Of(kind));
    };
    const int weight = WeightOf(rules_, factor);
    return done->second =
               !adapter_.FirstDifferent(weight, axis, differ) && IsComplete(weight, axis);
  }

  // Whether no index of the axis lacks where others are there.
  bool IsComplete(int weight, size_t axis) const {
    std::map<std::vector<int64_t>, int64_t> count;  // by the other indices
    for (const auto& [slice, facts] : adapter_.facts) {
      if (slice.weight != weight) continue;
      std::vector<int64_t> others = slice.batch;
      others[axis] = 0;
      ++count[others];
    }
    const LogicalTensor& tensor = rules_.tensors[static_cast<size_t>(weight)];
    return std::all_of(count.begin(), count.end(), [&](const auto& one) {
      const std::optional<int64_t> all = model_.SizeOf(tensor.axes[axis], one.first[0]);
      return !all || one.second == *all;
    });
  }

  const AdapterSource& adapter_;
  const Model& model_;
  const CheckedRules& rules_;
  const CheckedLayout& layout_;
  FactorValues* values_;
  std::set<int> has_;
  std::map<std::pair<int, size_t>, bool> equal_;
};

}  // namespace

void ChooseAdapterVariants(const AdapterSource& adapter, const Model& model,
                           const CheckedLayout& layout, const ConversionOptions&,
                           FactorValues* values, LayoutChoice* choice) {
  Chooser chooser(adapter, model, layout, values);
  for (size_t b = 0; b < choice->variants.size(); ++b) {
    if (layout.variant_counts[b] > 1) choice->variants[b] = chooser.Choose(static_cast<int>(b));
  }
}

}  // namespace rr
