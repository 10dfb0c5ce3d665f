// What NeMo Automodel keeps beside an adapter in a file of its own.
//
// Source: NVIDIA-NeMo/Automodel@36044ad, components/checkpoint/addons.py: the settings of the
// training without rank and alpha; later versions add the order of stacked experts
// (`paramwrapper_layout`).
#ifndef RULE_RUNNER_RUN_AUTOMODEL_CONFIG_H_
#define RULE_RUNNER_RUN_AUTOMODEL_CONFIG_H_

#include <optional>
#include <string>

#include "base/diagnostic.h"
#include "base/value.h"
#include "bind/config.h"
#include "check/checked_rules.h"
#include "io/files.h"
#include "plan/adapter_conversion.h"

namespace rr {

inline constexpr const char* kAutomodelConfigFile = "automodel_peft_config.json";

// adapter_config.json as if it said what that file says of the tensors.
Config WithAutomodelConfig(const Files& files, const std::string& directory, const Config& config,
                           Diagnostics* diagnostics);

// The file beside a converted adapter of Automodel's modules; nullopt where there is nothing to
// say. `directory` is that of the source.
std::optional<Value> AutomodelConfigOf(const Files& files, const std::string& directory,
                                       const CheckedLayout& to, const AdapterConversion& conversion,
                                       Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_AUTOMODEL_CONFIG_H_
