// Adapters of Gated-DeltaNet projections: servers fuse these modules in memory, and several cannot
// put an adapter on them (sgl-project/sglang#16550, #30189, #31522, vllm-project/vllm#36652).
#include <fmt/format.h>

#include <set>

#include "base/text.h"
#include "bind/each_cause.h"

namespace rr {

void CauseLinearAttention(const CauseScene& scene, std::vector<Cause>* causes) {
  if (!scene.adapter || scene.bound == nullptr) return;
  std::set<std::string> modules;
  for (const BoundTensor& tensor : scene.bound->layout.tensors) {
    const size_t at = tensor.key.find("linear_attn.in_proj_");
    if (at == std::string::npos) continue;
    const std::string module = tensor.key.substr(at + 12);
    modules.insert(module.substr(0, module.find('.')));
  }
  if (modules.empty()) return;
  causes->push_back(
      {"linear-attention",
       fmt::format(
           "{} of linear attention {} adapted. Servers fuse in_proj_qkv with in_proj_z, and "
           "in_proj_b with in_proj_a; several versions of SGLang and vLLM cannot load an "
           "adapter of them",
           JoinWords({modules.begin(), modules.end()}), modules.size() == 1 ? "is" : "are"),
       fmt::format("rule-runner merge BASE OUT --adapter {}, where the server refuses it",
                   scene.path)});
}

}  // namespace rr
