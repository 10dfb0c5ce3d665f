// A deterministic checkpoint of any layout and size, from the rules alone.
//
// The content is that of one model: every element is made from the key and position it has in the
// family's first layout (the first that stores no copies), and goes from there to the wanted layout
// by a conversion. So two layouts synthesised from the same config hold the same model. Values are
// finite.
#ifndef RULE_RUNNER_RUN_SYNTH_H_
#define RULE_RUNNER_RUN_SYNTH_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/dtype.h"
#include "bind/rule_library.h"
#include "io/files.h"
#include "io/output.h"
#include "run/open_source.h"

namespace rr {

struct SynthRequest {
  SourceRequest source;  // family, config and --set; no path
  std::string destination;
  std::string layout;          // layout or target; empty: the first
  std::optional<Dtype> dtype;  // of all tensors; else as rules and config say, or BF16
  bool optional = false;       // also what a checkpoint may lack
  uint64_t max_shard_bytes = 5'000'000'000;
  int jobs = 0;
  bool dry_run = false;
  bool force = false;
};

struct SynthReport {
  std::string family, layout;
  uint64_t tensors = 0, bytes = 0, shards = 0;
  std::vector<OutputTensor> keys;  // for --dry-run
  std::vector<std::string> notes;  // of what is left out
  double seconds = 0;
};

std::optional<SynthReport> Synth(Files& files, RuleLibrary* library, const SynthRequest& request,
                                 Diagnostics* diagnostics);

// The keys, dtypes and shapes that a layout has for a model, of the blocks (by index) that are
// wanted and that the model has by its config. `dtype_of` is asked where the layout does not cast.
// nullopt after an error.
std::optional<KeyTable> SyntheticKeys(const Model& model, const CheckedLayout& layout,
                                      const std::function<Dtype(const CheckedEntry&)>& dtype_of,
                                      const std::function<bool(size_t block)>& wanted,
                                      Diagnostics* diagnostics);
inline std::optional<KeyTable> SyntheticKeys(const Model& model, const CheckedLayout& layout,
                                             Dtype dtype,
                                             const std::function<bool(size_t block)>& wanted,
                                             Diagnostics* diagnostics) {
  return SyntheticKeys(
      model, layout, [dtype](const CheckedEntry&) { return dtype; }, wanted, diagnostics);
}

// The bytes of tensors that exist nowhere, by key and position.
class SyntheticReader : public TensorReader {
 public:
  explicit SyntheticReader(const KeyTable& table);
  void Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const override;

 private:
  struct Tensor {
    uint64_t seed;
    uint64_t mask;  // clears the bit of each element that makes exponents large
  };
  std::vector<Tensor> tensors_;
};

}  // namespace rr

#endif  // RULE_RUNNER_RUN_SYNTH_H_
