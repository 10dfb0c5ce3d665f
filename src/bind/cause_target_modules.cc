// target_modules of adapter_config.json that the file has no factors of: a loader that checks the
// list refuses it, and a loader that does not builds modules that stay empty
// (vllm-project/vllm#40005). And names of parameters among them: Megatron-Bridge 0.4 lists the
// packed experts so (NVIDIA-NeMo/Megatron-Bridge@067f987 before 747caeb,
// models/conversion/peft_bridge.py).
#include <fmt/format.h>

#include <set>

#include "base/text.h"
#include "bind/each_cause.h"

namespace rr {

void CauseTargetModules(const CauseScene& scene, std::vector<Cause>* causes) {
  if (!scene.adapter || scene.bound == nullptr) return;
  const auto targets = scene.adapter_config->Lookup("target_modules");
  if (!targets || targets->AsList() == nullptr) return;
  std::set<std::string> modules, parameters;
  for (const BoundTensor& tensor : scene.bound->layout.tensors) {
    std::string name = ModuleOfWeight(WeightKey(*scene.layout, scene.bound->layout.choice, tensor));
    if (name.empty()) continue;
    const CheckedEntry& entry = scene.layout->entries[static_cast<size_t>(tensor.entry)];
    if (entry.rule->parameter) parameters.insert("." + name + ".");
    modules.insert("." + std::move(name) + ".");
  }
  std::vector<std::string> here, lacking, no_modules;
  for (const Value& target : *targets->AsList()) {
    if (target.AsString() == nullptr) continue;
    size_t count = 0, of_parameters = 0;
    // The last name of a module, or `experts`, which vLLM asks for.
    for (const std::string& module : modules) {
      if (module.find("." + *target.AsString() + ".") != std::string::npos) ++count;
      if (module.ends_with("." + *target.AsString() + "."))
        of_parameters += parameters.count(module);
    }
    if (count > 0 && of_parameters == count) no_modules.push_back(*target.AsString());
    if (count > 0) {
      here.push_back(fmt::format("{} ({} modules)", *target.AsString(), count));
    } else {
      lacking.push_back(*target.AsString());
    }
  }
  if (!no_modules.empty())
    causes->push_back(
        {"parameters-as-modules",
         fmt::format("target_modules names {}: parameters of the experts and no modules, so PEFT "
                     "finds nothing to wrap there and drops their factors. Megatron-Bridge 0.4 "
                     "wrote it so; PEFT has them under target_parameters",
                     JoinWords(no_modules, 12)),
         ConvertCommand(scene, PeftTarget(scene)) + " writes target_parameters"});
  if (lacking.empty()) return;
  causes->push_back(
      {"target-modules",
       fmt::format("target_modules names {}, of which the file has no factors{}{}",
                   JoinWords(lacking, 12), here.empty() ? "" : "; it has those of ",
                   JoinWords(here, 12)),
       ConvertCommand(scene, scene.layout->name.text) + " writes target_modules of what is there"});
}

}  // namespace rr
