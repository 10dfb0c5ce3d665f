// An adapter without its model's config.json: folded experts have sizes that only the config tells
// apart, and several families have the same names.
#include <fmt/format.h>

#include "base/text.h"
#include "bind/each_cause.h"

namespace rr {

void CauseUnknownModel(const CauseScene& scene, std::vector<Cause>* causes) {
  if (!scene.adapter || scene.rules != nullptr || scene.config->present()) return;
  std::vector<std::string> families;
  for (const Candidate& candidate : scene.detection->candidates) {
    if (candidate.known < scene.detection->candidates[0].known) break;
    const std::string family = candidate.rules->file->family.text;
    if (families.empty() || families.back() != family) families.push_back(family);
  }
  if (families.empty()) return;
  const auto base = scene.adapter_config->Lookup("base_model_name_or_path");
  const bool named = base && base->AsString() != nullptr && !base->AsString()->empty();
  causes->push_back(
      {"unknown-model",
       fmt::format(
           "without the model's config.json its sizes are unknown; {} {} these names{}",
           JoinWords(families, 6), families.size() == 1 ? "has" : "have",
           named ? fmt::format(". adapter_config.json names the model {}", *base->AsString()) : ""),
       fmt::format("rule-runner inspect {} --config config.json, with that of {}", scene.path,
                   named ? *base->AsString() : "the model")});
}

}  // namespace rr
