// A whole model whose file has the factors of an adapter beside its weights: it was saved before
// the adapter was merged (ggml-org/llama.cpp#3640, NVIDIA-NeMo/Megatron-Bridge#1272).
#include <fmt/format.h>

#include "bind/each_cause.h"

namespace rr {

void CauseUnmergedAdapter(const CauseScene& scene, std::vector<Cause>* causes) {
  if (scene.adapter) return;
  for (const auto& [mark, regex] :
       {std::pair{".lora_", R"(\.lora_)"}, {".adapter.linear_", R"(\.adapter\.linear_)"}}) {
    size_t count = 0;
    std::string example;
    for (const FoundKey& key : scene.table->keys) {
      if (key.name.find(mark) == std::string::npos) continue;
      if (count++ == 0) example = key.name;
    }
    if (count == 0) continue;
    causes->push_back(
        {"unmerged-adapter",
         fmt::format("{} of {} tensors are factors of an adapter that was not merged before the "
                     "model was saved, for instance {}",
                     count, scene.table->keys.size(), example),
         fmt::format("rule-runner convert {0} ADAPTER --include '{1}' --to {2} --alpha ALPHA, then "
                     "rule-runner merge {0} OUT --exclude '{1}' --adapter ADAPTER",
                     scene.path, regex, PeftTarget(scene))});
  }
}

}  // namespace rr
