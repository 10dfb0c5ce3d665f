// The head of a model with tied embeddings, saved as a whole by modules_to_save: the config says
// that there is none (ggml-org/llama.cpp#11554).
#include <fmt/format.h>

#include "bind/each_cause.h"

namespace rr {

void CauseTiedHead(const CauseScene& scene, std::vector<Cause>* causes) {
  if (!scene.adapter || scene.bound == nullptr) return;
  const auto tied = scene.config->Lookup("tie_word_embeddings");
  if (!tied || tied->AsBool() == nullptr || !*tied->AsBool()) return;
  for (const uint32_t index : scene.bound->unmatched) {
    const std::string& key = scene.table->keys[index].name;
    if (!key.ends_with("lm_head.weight")) continue;
    causes->push_back(
        {"tied-head",
         fmt::format("{} is a whole weight (modules_to_save), but config.json ties lm_head to the "
                     "embedding (tie_word_embeddings): the trained head is no longer tied",
                     key),
         ConvertCommand(scene, scene.layout->name.text, "--set tie_word_embeddings=false")});
  }
}

}  // namespace rr
