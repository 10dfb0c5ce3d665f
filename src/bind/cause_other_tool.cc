// Adapters in the form of a tool whose adapters are stored otherwise than PEFT's
// (meta-pytorch/torchtune#2537; MLX is a style of its own, rules/adapters/mlx.yaml).
#include <fmt/format.h>

#include "bind/each_cause.h"

namespace rr {

void CauseOtherTool(const CauseScene& scene, std::vector<Cause>* causes) {
  if (scene.bound != nullptr) return;
  for (const FoundKey& key : scene.table->keys) {
    const std::string& name = key.name;
    const bool lower = name.ends_with(".lora_a.weight") || name.ends_with(".lora_b.weight");
    if (!lower || !name.starts_with("layers.")) continue;
    causes->push_back(
        {"torchtune-names",
         fmt::format(
             "`lora_a.weight` under torchtune's own module names, for instance {}: q and k "
             "of some models lie in another order there, so the names alone do not tell how "
             "to read it",
             name),
         "in torchtune, let FullModelHFCheckpointer save the adapter: it writes "
         "adapter_model.safetensors and adapter_config.json in PEFT's form"});
    return;
  }
}

}  // namespace rr
