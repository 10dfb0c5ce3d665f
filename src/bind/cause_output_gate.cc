// A q_proj of gated attention holds queries and gates, twice the rows; an adapter or a buffer that
// has only the queries was made for a model without the gate (sgl-project/sglang#19974, #21242).
#include <fmt/format.h>

#include <algorithm>

#include "bind/causes.h"

namespace rr {

void CauseOutputGate(const CauseScene& scene, std::vector<Cause>* causes) {
  if (scene.bound == nullptr) return;
  for (const uint32_t index : scene.bound->odd_shapes) {
    const BoundTensor& tensor = scene.bound->layout.tensors[index];
    const FoundKey& key = scene.table->keys[scene.bound->found[index]];
    const CheckedEntry& entry = scene.layout->entries[static_cast<size_t>(tensor.entry)];
    const auto holds = [&](std::string_view name) {
      return std::any_of(entry.leaves.begin(), entry.leaves.end(), [&](const CheckedLeaf& leaf) {
        const LogicalTensor& logical = scene.rules->tensors[static_cast<size_t>(leaf.tensor)];
        return logical.name == name || logical.weight == name;
      });
    };
    if (!holds("q") || !holds("g") || holds("k") || !key.shape || key.shape->empty()) continue;
    if (tensor.shape.empty() || tensor.shape[0] != 2 * (*key.shape)[0]) continue;
    causes->push_back(
        {"output-gate",
         fmt::format("{} has {} rows; {} stores queries and output gates together, 2 x {} = {} "
                     "rows. The file has the queries only, as of a model without attn_output_gate",
                     key.name, (*key.shape)[0], scene.rules->file->family.text, (*key.shape)[0],
                     tensor.shape[0]),
         fmt::format("rule-runner inspect {} --config config.json, with that of the model it was "
                     "made for",
                     scene.path)});
    return;
  }
}

}  // namespace rr
