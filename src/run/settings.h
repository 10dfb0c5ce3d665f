// What --set says: sizes of axes, attributes of the model's config and of the adapter's.
//
// Enters: NAME=VALUE as they were given. A capitalised name is an axis, `adapter_config.NAME` an
// attribute of the adapter's config, any other name one of the model's. Values of attributes are
// JSON, or else text. What a setting cannot change is refused: a misspelt name would go unnoticed.
#ifndef RULE_RUNNER_RUN_SETTINGS_H_
#define RULE_RUNNER_RUN_SETTINGS_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "bind/config.h"
#include "bind/detect.h"
#include "bind/rule_library.h"

namespace rr {

using Settings = std::vector<std::pair<std::string, std::string>>;

// RR422 for a size that is no whole number.
void ApplySettings(const Settings& settings, Config* config, std::map<std::string, int64_t>* given,
                   Diagnostics* diagnostics);
void SetInAdapterConfig(const Settings& settings, Config* adapter_config);
// Whether any setting is of the adapter's config.
bool HaveAdapterConfig(const Settings& settings);

// False after RR426: the family has no such axis, or nothing asks for the attribute. `rules` are of
// the family's weights or of its adapters; `also` are attributes that the command asks for itself.
bool CheckSettings(const Settings& settings, const CheckedRules& rules,
                   const std::set<std::string>& also, RuleLibrary* library,
                   Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_SETTINGS_H_
