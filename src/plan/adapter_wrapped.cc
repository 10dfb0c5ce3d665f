#include "plan/adapter_wrapped.h"

#include "syntax/adapter_style.h"

namespace rr {

std::set<uint32_t> WrappedWeights(const BoundLayout& bound) {
  std::set<uint32_t> wrapped;
  std::set<std::string> adapted;
  const auto ranked = [&](const BoundTensor& tensor) { return HasRank(bound.EntryOf(tensor)); };
  for (const BoundTensor& tensor : bound.tensors) {
    if (ranked(tensor)) adapted.insert(WeightKey(*bound.layout, bound.choice, tensor));
  }
  for (uint32_t i = 0; i < bound.tensors.size(); ++i) {
    const BoundTensor& tensor = bound.tensors[i];
    const std::string weight = WeightKey(*bound.layout, bound.choice, tensor);
    if (ranked(tensor) || !weight.ends_with(".weight") || adapted.count(weight) == 0) continue;
    // Not a magnitude, nor a bias of B.
    if (tensor.key.ends_with(weight)) wrapped.insert(i);
  }
  return wrapped;
}

std::set<std::string> NameWrapped(BoundLayout* bound) {
  std::set<std::string> keys;
  if (bound->layout->style == nullptr || !bound->layout->style->config_rank) return keys;
  for (const uint32_t i : WrappedWeights(*bound)) {
    std::string& key = bound->tensors[i].key;
    key.insert(key.rfind('.'), ".base_layer");
    keys.insert(key);
  }
  return keys;
}

}  // namespace rr
