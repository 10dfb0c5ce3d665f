#include "run/merge_targets.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/shape.h"
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

class TouchedFinder {
 public:
  TouchedFinder(const OpenedSource& base, Diagnostics* diagnostics)
      : base_(base), diagnostics_(diagnostics) {
    const BoundLayout& bound = base.bound->layout;
    for (size_t i = 0; i < bound.tensors.size(); ++i)
      entries_[base.bound->found[i]] = &bound.EntryOf(bound.tensors[i]);
  }

  std::optional<TouchedTensors> Run(const std::vector<WeightedAdapter>& adapters) {
    const size_t errors = diagnostics_->ErrorCount();
    for (const WeightedAdapter& adapter : adapters) {
      for (const auto& [key, weight] : adapter.factors->weights()) {
        const Change change{&adapter, &weight};
        if (weight.saved) Replace(key, change);
        if (!weight.a || !weight.b) continue;
        if (!Multiply(key, change)) continue;
        if (weight.bias) AddBias(key, change);
      }
    }
    FindMagnitudes();
    if (!nothing_.empty())
      diagnostics_
          ->Add(
              Code::kTouchesNothing, {},
              fmt::format("the base has nothing that {} of the adapter's weights could change: {}",
                          nothing_.size(), JoinWords(nothing_, kShown)))
          .help = "is it an adapter of this model?";
    if (diagnostics_->ErrorCount() > errors) return std::nullopt;
    return std::move(touched_);
  }

 private:
  // The base's tensor of this key; nullptr when it has none (then `what` is told with all others at
  // the end) or none that can be merged into.
  Touched* Find(const std::string& key, const std::string& what) {
    const auto found = base_.table.by_name.find(key);
    if (found == base_.table.by_name.end() || entries_.count(found->second) == 0) {
      nothing_.push_back(what);
      return nullptr;
    }
    if (!IsFloat(*base_.table.keys[found->second].dtype)) {
      RefuseCodes(base_.table.keys[found->second]);
      return nullptr;
    }
    std::unique_ptr<Touched>& one = touched_[found->second];
    if (one == nullptr) one = std::make_unique<Touched>();
    one->tensor = found->second;
    return one.get();
  }

  void RefuseCodes(const FoundKey& key) {
    const QuantFormat* format =
        key.quantized < 0 ? nullptr
                          : base_.table.quantized[static_cast<size_t>(key.quantized)].format.get();
    Diagnostic& d = diagnostics_->Add(
        Code::kValueOpOnDtype, {},
        fmt::format("{} is {}: an adapter is merged into floating-point weights only", key.name,
                    format != nullptr ? "quantised (" + format->name.text + ")"
                                      : std::string(NameOf(*key.dtype))));
    if (format != nullptr)
      d.help = "--allow lossy merges into the values of the weights and stores those";
  }

  bool Fits(const std::string& key, const AdapterFactors& factors, uint32_t factor,
            int64_t wanted) {
    if (ElementCount(factors.ShapeOf(factor)) == wanted) return true;
    diagnostics_->Add(
        Code::kShapeMismatch, {},
        fmt::format("{} is [{}], and the adapter's {} is [{}]", key,
                    fmt::join(*base_.table.keys[base_.table.by_name.at(key)].shape, ", "),
                    factors.KeyOf(factor), fmt::join(factors.ShapeOf(factor), ", ")));
    return false;
  }

  void Refuse(std::string message) {
    diagnostics_->Add(Code::kBadAdapterUse, {}, std::move(message));
  }

  void Replace(const std::string& key, const Change& change) {
    if (change.adapter->weight != 1)
      Refuse(
          fmt::format("{} is saved as a whole: it can take the place of the base's tensor, but not "
                      "in part and not back",
                      key));
    Touched* one = Find(key, key);
    if (one == nullptr) return;
    if (one->saved) Refuse(fmt::format("{} is saved as a whole by two adapters", key));
    if (Fits(key, *change.adapter->factors, *change.weight->saved,
             ElementCount(*base_.table.keys[one->tensor].shape)))
      one->saved = change;
  }

  // False when the factors are of another size: then their bias is not looked at.
  bool Multiply(const std::string& key, const Change& change) {
    Touched* one = Find(key, key);
    if (one == nullptr) return true;
    const AdapterFactors& factors = *change.adapter->factors;
    const AdapterFactors::Weight& weight = *change.weight;
    one->matrix.emplace(*base_.rules, *entries_.at(one->tensor),
                        *base_.table.keys[one->tensor].shape);
    const int64_t rows = one->matrix->batch() * weight.rank;
    if (!Fits(key, factors, *weight.a, rows * one->matrix->in()) ||
        !Fits(key, factors, *weight.b, rows * one->matrix->out()))
      return false;
    one->products.push_back(change);
    if (weight.magnitude && change.adapter->weight != 1)
      Refuse(fmt::format(
          "{} has a DoRA magnitude: it is merged with weight 1 only, and not taken back", key));
    return true;
  }

  void AddBias(const std::string& key, const Change& change) {
    const std::string bias = BiasKey(key);
    if (Touched* one =
            Find(bias.empty() ? key : bias, fmt::format("{} (the bias of B needs {})", key, bias)))
      one->biases.push_back(change);
  }

  void FindMagnitudes() {
    for (auto& [tensor, one] : touched_) {
      for (const Change& change : one->products) {
        if (!change.weight->magnitude) continue;
        if (one->products.size() > 1)
          Refuse(
              fmt::format("{} has a DoRA magnitude: it cannot be merged together with another "
                          "adapter of the same weight",
                          base_.table.keys[tensor].name));
        one->dora = &change;
      }
    }
  }

  const OpenedSource& base_;
  Diagnostics* diagnostics_;
  std::map<uint32_t, const CheckedEntry*> entries_;  // by index in the key table
  TouchedTensors touched_;
  std::vector<std::string> nothing_;
};

}  // namespace

std::optional<TouchedTensors> FindTouched(const OpenedSource& base,
                                          const std::vector<WeightedAdapter>& adapters,
                                          Diagnostics* diagnostics) {
  return TouchedFinder(base, diagnostics).Run(adapters);
}

}  // namespace rr
