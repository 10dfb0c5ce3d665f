// Two trainers write the same keys and shapes and order the folded dimension of B differently: only
// the user knows which it was (unslothai/unsloth#5410).
#include <fmt/format.h>

#include "bind/each_cause.h"
#include "bind/folded_pair.h"
#include "syntax/adapter_style.h"

namespace rr {

void CauseTwinOrder(const CauseScene& scene, std::vector<Cause>* causes) {
  if (!scene.adapter || scene.bound == nullptr || scene.layout->style == nullptr) return;
  if (scene.layout->style->twin_of) return;  // a mark, or the user, said so
  const CheckedLayout* twin = nullptr;
  for (const CheckedLayout& layout : scene.rules->layouts) {
    if (layout.style != nullptr && layout.style->twin_of &&
        layout.style->twin_of->text == scene.layout->name.text)
      twin = &layout;
  }
  auto pair = FindFoldedPair(*scene.bound, true);
  if (!pair) pair = FindFoldedPair(*scene.bound, false);
  if (twin == nullptr || !pair) return;
  // A mark that decides is among the reasons; what the user said with --from has no such reason.
  bool assumed = false;
  for (const std::string& reason : scene.detection->reasons)
    assumed = assumed || reason.starts_with("no mark of another trainer");
  if (!assumed) return;
  causes->push_back(
      {"twin-order",
       fmt::format("ambiguous: shapes cannot tell whether the {} columns of lora_B are rank-major "
                   "(PEFT) or expert-major (unsloth before 2026-09-17, Megatron-Bridge 0.5); they "
                   "are read as rank-major. In the other order merging gives another model, "
                   "although the adapter works in its trainer",
                   pair->b->shape.back()),
       ConvertCommand(scene, scene.layout->name.text, fmt::format("--from {}", twin->name.text)) +
           ", if one of these trainers wrote it"});
}

}  // namespace rr
