// A q_proj of gated attention holds queries and gates, twice the rows; an adapter or a buffer that
// has only the queries was made for a model without the gate (sgl-project/sglang#19974, #21242).
#include <fmt/format.h>

#include <algorithm>

#include "bind/each_cause.h"

namespace rr {

namespace {

void LookForQueriesAlone(const CauseScene& scene, const CheckedRules& rules,
                         const BoundSource& bound, std::vector<Cause>* causes) {
  for (const uint32_t index : bound.odd_shapes) {
    const BoundTensor& tensor = bound.layout.tensors[index];
    const FoundKey& key = scene.table->keys[bound.found[index]];
    const CheckedEntry& entry = bound.layout.EntryOf(tensor);
    const auto holds = [&](std::string_view name) {
      return std::any_of(entry.leaves.begin(), entry.leaves.end(), [&](const CheckedLeaf& leaf) {
        const LogicalTensor& logical = rules.tensors[static_cast<size_t>(leaf.tensor)];
        return logical.name == name || logical.weight == name;
      });
    };
    if (!holds("q") || !holds("g") || holds("k") || !key.shape || key.shape->empty()) continue;
    if (tensor.shape.empty() || tensor.shape[0] != 2 * (*key.shape)[0]) continue;
    causes->push_back(
        {"output-gate",
         fmt::format("{} has {} rows; {} stores queries and output gates together, 2 x {} = {} "
                     "rows. The file has the queries only, as of a model without attn_output_gate",
                     key.name, (*key.shape)[0], rules.file->family.text, (*key.shape)[0],
                     tensor.shape[0]),
         fmt::format("rule-runner inspect {} --config config.json, with that of the model it was "
                     "made for",
                     scene.path)});
    return;
  }
}

}  // namespace

void CauseOutputGate(const CauseScene& scene, std::vector<Cause>* causes) {
  if (scene.bound != nullptr) {
    LookForQueriesAlone(scene, *scene.rules, *scene.bound, causes);
    return;
  }
  // What has the queries alone fits no layout, and so several equally well.
  if (scene.detection->candidates.empty()) return;
  const Candidate& best = scene.detection->candidates[0];
  Diagnostics findings;
  const auto bound = BindSource(*best.rules, *best.rules->FindLayout(best.layout), *scene.config,
                                *scene.given, *scene.table, {}, &findings);
  if (bound) LookForQueriesAlone(scene, *best.rules, *bound, causes);
}

}  // namespace rr
