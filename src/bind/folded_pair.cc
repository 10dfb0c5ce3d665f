#include "bind/folded_pair.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "syntax/adapter_style.h"

namespace rr {
namespace {

bool IsFolded(const Poly& extent) { return extent.Has(kRankAxis) && extent.Axes().size() > 1; }

std::string ParameterOf(const std::string& weight) {
  const size_t dot = weight.rfind('.');
  const size_t before = dot == std::string::npos || dot == 0 ? dot : weight.rfind('.', dot - 1);
  return before == std::string::npos ? weight : weight.substr(before + 1);
}

}  // namespace

std::optional<FoldedPair> FindFoldedPair(const BoundSource& source, bool inner) {
  FoldedPair pair;
  pair.inner = inner;
  for (const BoundTensor& tensor : source.layout.tensors) {
    const CheckedEntry& entry = source.layout.EntryOf(tensor);
    if (entry.shape.size() != 2 || !entry.weight) continue;
    if ((tensor.key.find(".base_layer.lora_") != std::string::npos) != inner) continue;
    const bool a = tensor.key.find(".lora_A") != std::string::npos;
    if (!IsFolded(entry.shape[a ? 0 : 1])) continue;
    const std::string parameter =
        ParameterOf(WeightKey(*source.layout.layout, source.layout.choice, tensor));
    if (!pair.parameter.empty() && pair.parameter != parameter) continue;
    pair.parameter = parameter;
    const BoundTensor*& slot = a ? pair.a : pair.b;
    if (slot == nullptr) slot = &tensor;
    if (pair.a != nullptr && pair.b != nullptr) return pair;
  }
  return std::nullopt;
}

std::string SizesOf(const BoundSource& source, const BoundTensor& tensor) {
  std::vector<std::string> formula;
  for (const Poly& extent : source.layout.EntryOf(tensor).shape)
    formula.push_back(extent.ToString());
  return fmt::format("[{}] = [{}]", fmt::join(tensor.shape, ", "), fmt::join(formula, ", "));
}

std::string FreeDimOf(const BoundSource& source, const BoundTensor& tensor) {
  const CheckedEntry& entry = source.layout.EntryOf(tensor);
  const size_t free = IsFolded(entry.shape[0]) ? 1 : 0;
  return fmt::format("{} = {}", entry.shape[free].ToString(), tensor.shape[free]);
}

}  // namespace rr
