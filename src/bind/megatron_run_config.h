// What Megatron-Bridge keeps beside an adapter in run_config.yaml.
//
// Source: NVIDIA-NeMo/Megatron-Bridge@067f987: `peft: {dim, alpha, normalize_moe_lora}`, `model:
// {tensor_model_parallel_size, expert_tensor_parallel_size}`.
#ifndef RULE_RUNNER_BIND_MEGATRON_RUN_CONFIG_H_
#define RULE_RUNNER_BIND_MEGATRON_RUN_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>

#include "base/diagnostic.h"
#include "io/files.h"

namespace rr {

struct MegatronRunConfig {
  std::optional<int64_t> dim;
  std::optional<double> alpha;
  std::optional<int64_t> tensor_parallel, expert_tensor_parallel;
  bool normalize_moe_lora = false;  // experts have another rank than `dim`
};

// nullopt, and a warning, when the file cannot be read.
std::optional<MegatronRunConfig> ReadMegatronRunConfig(const Files& files, const std::string& path,
                                                       Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_MEGATRON_RUN_CONFIG_H_
