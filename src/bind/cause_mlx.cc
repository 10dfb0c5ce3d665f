// Factors in MLX's form: lower-case names that end there, both factors transposed. llama.cpp and
// PEFT find none of them (ggml-org/llama.cpp#10551). PEFT's factors under MLX's names, not
// transposed, load where sizes agree and compute something else (osaurus-ai/vmlx-swift#320).
#include <fmt/format.h>

#include <string>

#include "bind/each_cause.h"

namespace rr {
namespace {

bool IsMlxFactor(const std::string& name) {
  return name.ends_with(".lora_a") || name.ends_with(".lora_b");
}

}  // namespace

void CauseMlx(const CauseScene& scene, std::vector<Cause>* causes) {
  if (!scene.adapter) return;
  const FoundKey* a = nullptr;
  const FoundKey* b = nullptr;
  for (const FoundKey& key : scene.table->keys) {
    if (!IsMlxFactor(key.name)) return;
    if (!key.shape || key.shape->size() != 2) continue;
    if (key.name.ends_with(".lora_a") && a == nullptr) a = &key;
    if (key.name.ends_with(".lora_b") && b == nullptr) b = &key;
  }
  if (a == nullptr || b == nullptr) return;
  // One rank for all: MLX has it last in lora_a and first in lora_b, PEFT the other way round.
  const auto& in = *a->shape;
  const auto& out = *b->shape;
  if (in[1] != out[0] && in[0] == out[1]) {
    causes->push_back(
        {"mlx-orientation",
         fmt::format("the names are MLX's, `lora_a` and `lora_b`, and the shapes are PEFT's: {} is "
                     "[{}], where MLX has the rank last, and {} is [{}], where MLX has it first. "
                     "Where sizes agree, MLX loads it and computes a different function",
                     a->name, fmt::join(in, ", "), b->name, fmt::join(out, ", ")),
         ConvertCommand(scene, "mlx", "--rename lora_a=lora_A --rename lora_b=lora_B")});
    return;
  }
  if (scene.layout == nullptr || scene.layout->name.text != "mlx") return;
  causes->push_back(
      {"mlx-factors",
       fmt::format("`lora_a` and `lora_b` are MLX's: both are transposed, {} [{}] and {} [{}], and "
                   "their scale is a number of its own. PEFT, llama.cpp, vLLM and SGLang look for "
                   "lora_A and lora_B and find nothing",
                   a->name, fmt::join(in, ", "), b->name, fmt::join(out, ", ")),
       ConvertCommand(scene, PeftTarget(scene))});
}

}  // namespace rr
