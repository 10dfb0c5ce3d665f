// The factors of an adapter, in the order in which a layout of weights stores them: for `merge` and
// `diff`.
//
// Enters: an opened adapter, and the layout (with its choices) of the weights. Leaves: for every
// weight A over [batch, rank, input] and B over [batch, output, rank], loaded when asked for.
#ifndef RULE_RUNNER_RUN_ADAPTER_FACTORS_H_
#define RULE_RUNNER_RUN_ADAPTER_FACTORS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "io/tensor_io.h"
#include "plan/adapter_conversion.h"
#include "plan/plan.h"
#include "run/open_source.h"

namespace rr {

class AdapterFactors {
 public:
  // What the adapter has for one weight; indices into the converted tensors.
  struct Weight {
    std::optional<uint32_t> a, b, magnitude, bias, saved;
    int64_t rank = 0;
    double scale = 0;  // alpha / rank
  };

  // `layout` is a layout of the weights. nullptr after an error. The adapter must outlive this.
  static std::unique_ptr<AdapterFactors> Open(const Files& files, const OpenedSource& adapter,
                                              const std::string& layout, const LayoutChoice* choice,
                                              Diagnostics* diagnostics);

  // By the key of the weight.
  const std::map<std::string, Weight>& weights() const { return weights_; }
  const std::vector<int64_t>& ShapeOf(uint32_t tensor) const;
  const std::string& KeyOf(uint32_t tensor) const;
  Dtype dtype() const { return dtype_; }  // F32 or F64: of all tensors
  const Conversion& conversion() const { return built_.conversion; }
  // The elements of a tensor that the adapter has something for; the others are read as zero.
  // Empty: all.
  std::vector<bool> PresenceOf(uint32_t tensor) const;
  // Safe from several threads.
  std::vector<double> LoadDouble(uint32_t tensor) const;
  std::vector<float> LoadFloat(uint32_t tensor) const;

 private:
  AdapterFactors() = default;
  void IndexWeights(const CheckedRules& rules, const CheckedLayout& factors);
  bool TakeScales(Diagnostics* diagnostics);  // and ranks; false after an error
  std::vector<std::byte> Load(uint32_t tensor) const;
  template <typename Number>
  std::vector<Number> LoadAs(uint32_t tensor) const;

  AdapterConversion built_;
  Plan plan_;
  std::vector<std::vector<uint32_t>> steps_, edges_;  // per converted tensor
  std::unique_ptr<TensorReader> reader_;
  std::map<std::string, Weight> weights_;
  Dtype dtype_ = Dtype::kF32;
};

}  // namespace rr

#endif  // RULE_RUNNER_RUN_ADAPTER_FACTORS_H_
