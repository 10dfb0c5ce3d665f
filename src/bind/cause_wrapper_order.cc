// Experts folded into the rank, and which reading it is: which dimension A is over (PEFT changed it
// in 0.19.1), and which parameter is the inner wrapper (unslothai/unsloth#5082,
// axolotl-ai-cloud/axolotl#3483, vllm-project/vllm#52194, unslothai/unsloth-zoo#779).
#include <fmt/format.h>

#include "bind/each_cause.h"
#include "bind/folded_pair.h"
#include "syntax/adapter_style.h"

namespace rr {

void CauseWrapperOrder(const CauseScene& scene, std::vector<Cause>* causes) {
  if (!scene.adapter || scene.bound == nullptr) return;
  const auto inner = FindFoldedPair(*scene.bound, true),
             outer = FindFoldedPair(*scene.bound, false);
  const auto& pair = inner ? inner : outer;
  if (!pair) return;
  const std::string wanted = PeftTarget(scene);
  // A blocked twin has the dimensions of the style that it is a twin of.
  const auto& style = scene.layout->style;
  const std::string usual = style->twin_of ? style->twin_of->text : scene.layout->name.text;
  if (usual != wanted) {
    const std::string a = FreeDimOf(*scene.bound, *pair->a), b = FreeDimOf(*scene.bound, *pair->b);
    causes->push_back(
        {"wrapper-orientation",
         fmt::format("lora_A of {} is {}, lora_B {}: A is over {}, B over {}, as {} has it; the "
                     "newest PEFT ({}) has A over {} and B over {}, and fails or computes another "
                     "function",
                     pair->parameter, SizesOf(*scene.bound, *pair->a),
                     SizesOf(*scene.bound, *pair->b), a, b, usual, wanted, b, a),
         ConvertCommand(scene, wanted)});
  }
  if (inner && outer && outer->parameter.find("gate_up") != std::string::npos) {
    causes->push_back(
        {"wrapper-order",
         fmt::format("base_layer, the inner wrapper, is {} and the outer one is {}; PEFT wraps the "
                     "parameter first that the model registers first, gate_up_proj, and expects "
                     "the reverse",
                     inner->parameter, outer->parameter),
         ConvertCommand(scene, wanted)});
  }
}

}  // namespace rr
