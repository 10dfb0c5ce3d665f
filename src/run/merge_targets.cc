#include "run/merge_targets.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/text.h"

namespace rr {
namespace {

constexpr size_t kShown = 5;

// "…q_proj.weight" -> "…q_proj.bias"
std::string BiasKey(std::string weight) {
  for (const std::string_view word : {"weight", "kernel"}) {
    const size_t at = weight.rfind(word);
    if (at == std::string::npos) continue;
    weight.replace(at, word.size(), "bias");
    return weight;
  }
  return "";
}

}  // namespace

std::optional<TouchedTensors> FindTouched(const OpenedSource& base,
                                          const std::vector<WeightedAdapter>& adapters,
                                          Diagnostics* diagnostics) {
  TouchedTensors touched;
  const size_t errors = diagnostics->ErrorCount();
  std::map<uint32_t, const CheckedEntry*> entries;
  const BoundLayout& bound = base.bound->layout;
  for (size_t i = 0; i < bound.tensors.size(); ++i)
    entries[base.bound->found[i]] = &bound.EntryOf(bound.tensors[i]);
  std::vector<std::string> nothing;
  auto find = [&](const std::string& key, const std::string& what) -> Touched* {
    const auto found = base.table.by_name.find(key);
    if (found == base.table.by_name.end() || entries.count(found->second) == 0) {
      nothing.push_back(what);
      return nullptr;
    }
    const Dtype dtype = *base.table.keys[found->second].dtype;
    const int32_t quantized = base.table.keys[found->second].quantized;
    const QuantFormat* format =
        quantized < 0 ? nullptr : base.table.quantized[static_cast<size_t>(quantized)].format.get();
    if (!IsFloat(dtype)) {
      Diagnostic& d = diagnostics->Add(
          Code::kValueOpOnDtype, {},
          fmt::format("{} is {}: an adapter is merged into floating-point weights only", key,
                      format != nullptr ? "quantised (" + format->name.text + ")"
                                        : std::string(NameOf(dtype))));
      if (format != nullptr)
        d.help = "--allow lossy merges into the values of the weights and stores those";
      return nullptr;
    }
    std::unique_ptr<Touched>& one = touched[found->second];
    if (one == nullptr) one = std::make_unique<Touched>();
    one->tensor = found->second;
    return one.get();
  };
  auto fits = [&](const std::string& key, const AdapterFactors& factors, uint32_t factor,
                  int64_t wanted) {
    int64_t count = 1;
    for (const int64_t extent : factors.ShapeOf(factor)) count *= extent;
    if (count == wanted) return true;
    diagnostics->Add(
        Code::kShapeMismatch, {},
        fmt::format("{} is [{}], and the adapter's {} is [{}]", key,
                    fmt::join(*base.table.keys[base.table.by_name.at(key)].shape, ", "),
                    factors.KeyOf(factor), fmt::join(factors.ShapeOf(factor), ", ")));
    return false;
  };
  for (const WeightedAdapter& adapter : adapters) {
    for (const auto& [key, weight] : adapter.factors->weights()) {
      const Change change{&adapter, &weight};
      if (weight.saved) {
        if (adapter.weight != 1)
          diagnostics->Add(
              Code::kBadAdapterUse, {},
              fmt::format("{} is saved as a whole: it can take the place of the base's "
                          "tensor, but not in part and not back",
                          key));
        if (Touched* one = find(key, key)) {
          int64_t count = 1;
          for (const int64_t extent : *base.table.keys[one->tensor].shape) count *= extent;
          if (one->saved)
            diagnostics->Add(Code::kBadAdapterUse, {},
                             fmt::format("{} is saved as a whole by two adapters", key));
          if (fits(key, *adapter.factors, *weight.saved, count)) one->saved = change;
        }
      }
      if (!weight.a || !weight.b) continue;
      if (Touched* one = find(key, key)) {
        one->matrix.emplace(*base.rules, *entries.at(one->tensor),
                            *base.table.keys[one->tensor].shape);
        const StoredMatrix& matrix = *one->matrix;
        if (!fits(key, *adapter.factors, *weight.a, matrix.batch() * weight.rank * matrix.in()) ||
            !fits(key, *adapter.factors, *weight.b, matrix.batch() * weight.rank * matrix.out()))
          continue;
        one->products.push_back(change);
        if (weight.magnitude && adapter.weight != 1)
          diagnostics->Add(Code::kBadAdapterUse, {},
                           fmt::format("{} has a DoRA magnitude: it is merged with weight 1 only, "
                                       "and not taken back",
                                       key));
      }
      if (!weight.bias) continue;
      const std::string bias = BiasKey(key);
      if (Touched* one = find(bias.empty() ? key : bias,
                              fmt::format("{} (the bias of B needs {})", key, bias)))
        one->biases.push_back(change);
    }
  }
  for (auto& [tensor, one] : touched) {
    for (const Change& change : one->products) {
      if (!change.weight->magnitude) continue;
      if (one->products.size() > 1)
        diagnostics->Add(Code::kBadAdapterUse, {},
                         fmt::format("{} has a DoRA magnitude: it cannot be merged together with "
                                     "another adapter of the same weight",
                                     base.table.keys[tensor].name));
      one->dora = &change;
    }
  }
  if (!nothing.empty())
    diagnostics
        ->Add(Code::kTouchesNothing, {},
              fmt::format("the base has nothing that {} of the adapter's weights could change: {}",
                          nothing.size(), JoinWords(nothing, kShown)))
        .help = "is it an adapter of this model?";
  if (diagnostics->ErrorCount() > errors) return std::nullopt;
  return touched;
}

}  // namespace rr
