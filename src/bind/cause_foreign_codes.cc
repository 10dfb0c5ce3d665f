// Weights as codes of a format that is not known: what stands beside the codes, and the config, say
// whose they are (vllm-project/vllm#25029, intel/auto-round#1464; key lists of quantised models).
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "bind/each_cause.h"

namespace rr {
namespace {

struct Mark {
  std::string_view ending;  // of a key that no rule knows
  std::string_view format;
};
// The first that is found decides.
constexpr Mark kMarks[] = {
    {".g_idx", "GPTQ"},
    {".qzeros", "AWQ, or of GPTQ without an order of columns"},
    {".qweight", "GPTQ or AWQ"},
    {".weight.absmax", "bitsandbytes, 4 bits"},
    {".SCB", "bitsandbytes, 8 bits"},
    {".weight_scale_2", "NVFP4 as ModelOpt stores it"},
    {".weight_global_scale", "NVFP4 as compressed-tensors stores it"},
    {".W_q", "HQQ"},
    {".codebooks", "AQLM"},
    {"._weight_qdata", "torchao"},
    {".weight_scales", "EETQ"},
    {".biases", "MLX"},
};

}  // namespace

void CauseForeignCodes(const CauseScene& scene, std::vector<Cause>* causes) {
  if (scene.adapter) return;
  const std::vector<uint32_t> unknown = UnknownKeys(scene);
  for (const Mark& mark : kMarks) {
    for (const uint32_t index : unknown) {
      const std::string& key = scene.table->keys[index].name;
      if (!key.ends_with(mark.ending)) continue;
      const auto method = scene.config->Lookup("quantization_config.quant_method");
      causes->push_back(
          {"foreign-codes",
           fmt::format(
               "{} belongs to codes of {}{}: a format that rule-runner does not know", key,
               mark.format,
               method ? fmt::format(" (config.json: quant_method {})", ToJson(*method)) : ""),
           "take the checkpoint that was quantised, or dequantise this one with the program that "
           "made it; codes are not moved from layout to layout without their format"});
      return;
    }
  }
}

}  // namespace rr
