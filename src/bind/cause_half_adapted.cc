// What an adapter does not adapt, where that is rarely meant: half of an MLP, or the shared expert
// alone (vllm-project/vllm#47088, agentscope-ai/TuFT#154, unslothai/unsloth#11014).
#include <fmt/format.h>

#include <set>

#include "base/text.h"
#include "bind/each_cause.h"

namespace rr {

void CauseHalfAdapted(const CauseScene& scene, std::vector<Cause>* causes) {
  if (!scene.adapter || scene.factors == nullptr) return;
  std::set<std::string> adapted;
  for (const auto& [slice, facts] : scene.factors->facts)
    adapted.insert(scene.rules->FullName(slice.weight));
  const auto has = [&](const std::string& name) { return adapted.count(name) > 0; };
  bool shared = false;
  for (const std::string& name : adapted) {
    const std::string block = name.substr(0, name.find('.'));
    shared = shared || block.starts_with("shared");
    const std::string part = name.substr(block.size() + 1);
    std::vector<std::string> lacking;
    for (const char* other : {"gate", "up", "down"}) {
      const std::string full = block + "." + other;
      if (part != "gate" && part != "up" && part != "down") continue;
      if (scene.rules->FindTensor(full) >= 0 && !has(full)) lacking.push_back(full);
    }
    // Said once per block, at its first part.
    const bool first = part == "gate" || (part == "up" && !has(block + ".gate")) ||
                       (part == "down" && !has(block + ".gate") && !has(block + ".up"));
    if (lacking.empty() || !first) continue;
    std::vector<std::string> found;
    for (const char* one : {"gate", "up", "down"}) {
      if (has(block + "." + one)) found.push_back(block + "." + one);
    }
    causes->push_back(
        {"half-adapted",
         fmt::format("{} {} adapted without {}: a part of the MLP was not trained, or its tensors "
                     "were lost",
                     JoinWords(found), found.size() == 1 ? "is" : "are", JoinWords(lacking)),
         ConvertCommand(scene, PeftTarget(scene), "--fill zero") + ", if it was trained so"});
  }
  const bool experts = has("experts.gate") || has("experts.up") || has("experts.down");
  if (scene.rules->FindTensor("experts.down") < 0 || experts || !shared) return;
  causes->push_back(
      {"experts-not-adapted",
       "only the shared expert is adapted, the routed experts are not: target_modules such as "
       "gate_proj and up_proj meet no routed expert where these are fused parameters",
       "train with target_parameters [mlp.experts.gate_up_proj, mlp.experts.down_proj]; a "
       "conversion cannot add what was not trained"});
}

}  // namespace rr
