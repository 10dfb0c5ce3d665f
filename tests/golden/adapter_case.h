// Adapters of golden cases as folders, with what their system keeps beside the tensors.
#ifndef RULE_RUNNER_TESTS_GOLDEN_ADAPTER_CASE_H_
#define RULE_RUNNER_TESTS_GOLDEN_ADAPTER_CASE_H_

#include <optional>
#include <string>
#include <utility>

#include "golden_case.h"

namespace rr::golden {

struct SideFile {
  std::string name, text;
};

inline std::optional<Value> CaseConfig(const GoldenCase& golden, const std::string& name) {
  if (!Has(golden.Folder() + name)) return std::nullopt;
  return ReadJson(golden.Folder() + name);
}

// Rank and alpha of what a case starts from: PEFT's config, Megatron-Bridge's run_config.yaml, or
// what else the case says of a system that keeps them elsewhere.
inline SideFile SourceConfig(const GoldenCase& golden, const Value& about) {
  for (const char* name : {"in_adapter_config.json", "adapter_config.json"}) {
    if (Has(golden.Folder() + name))
      return {"adapter_config.json", ReadText(golden.Folder() + name)};
  }
  if (const Value* run = about.Find("megatron_run_config"); run != nullptr) {
    REQUIRE(run->Find("run_config.yaml") != nullptr);
    return {"run_config.yaml", ToJson(*run->Find("run_config.yaml"))};  // JSON is YAML
  }
  const std::optional<Value> out = CaseConfig(golden, "out_adapter_config.json");
  const auto find = [&](const char* in_case, const char* in_config) -> const Value* {
    if (about.Find(in_case) != nullptr) return about.Find(in_case);
    return out ? out->Find(in_config) : nullptr;
  };
  Value::Map config{{"peft_type", "LORA"}};
  if (const Value* rank = find("rank", "r"); rank != nullptr) config.push_back({"r", *rank});
  if (const Value* alpha = find("lora_alpha", "lora_alpha"); alpha != nullptr)
    config.push_back({"lora_alpha", *alpha});
  return {"adapter_config.json", ToJson(Value(std::move(config)))};
}

inline void PutAdapter(MemoryFiles& files, const std::string& folder, const std::string& tensors,
                       const SideFile& beside) {
  files.RemoveAll(folder);
  files.Put(folder + "/adapter_model.safetensors", files.TextOf(tensors));
  files.Put(folder + "/" + beside.name, beside.text);
}

}  // namespace rr::golden

#endif  // RULE_RUNNER_TESTS_GOLDEN_ADAPTER_CASE_H_
