#include "bind/scaled_rank.h"

#include <algorithm>
#include <string>

#include "base/value.h"

namespace rr {

bool IsScaled(const ScaledRank& scaled, const LogicalTensor& weight) {
  const auto end = weight.axes.begin() + static_cast<int64_t>(weight.batch);
  return std::find(weight.axes.begin(), end, scaled.axis.text) != end;
}

std::optional<int64_t> ScaledRankOf(const ScaledRank& scaled, int64_t rank, const Model& model) {
  const Formula::Outcome outcome =
      scaled.rank.Evaluate([&](const std::string& name) -> std::optional<Value> {
        if (name == kRankAxis) return Value(rank);
        return model.config().Lookup(name);
      });
  const int64_t* found = outcome.ok() ? outcome.value.AsInt() : nullptr;
  if (found == nullptr || *found < 1) return std::nullopt;
  return *found;
}

bool HasStamp(const ScaledRank& scaled, const Config& adapter_config) {
  return std::all_of(scaled.stamp.begin(), scaled.stamp.end(), [&](const auto& stamp) {
    const std::optional<Value> value = adapter_config.Lookup(stamp.first);
    return value && ToJson(*value) == stamp.second;
  });
}

}  // namespace rr
