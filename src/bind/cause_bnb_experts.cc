// The experts of a 4-bit base of gpt-oss are one module each, with names in the plural; every other
// form of the model has them in one tensor, and merges skip what they do not find
// (unslothai/unsloth#6936, unslothai/unsloth-zoo#885).
#include <fmt/format.h>
#include <re2/re2.h>

#include <string>

#include "bind/each_cause.h"

namespace rr {

void CauseBnbExperts(const CauseScene& scene, std::vector<Cause>* causes) {
  static const RE2 kPlural(R"(.*\.experts\.(gate_up|down)_projs\.[0-9]+\..*)");
  if (!scene.adapter) return;
  size_t count = 0;
  std::string example, module;
  for (const FoundKey& key : scene.table->keys) {
    std::string found;
    if (!RE2::FullMatch(key.name, kPlural, &found)) continue;
    if (count++ == 0) example = key.name, module = found;
  }
  if (count == 0) return;
  causes->push_back(
      {"bnb-4bit-experts",
       fmt::format("{} of {} tensors are of the modules of a 4-bit base, {}_projs with a module "
                   "for each expert, for instance {}; in BF16 and in MXFP4 the experts are one "
                   "tensor {}_proj, so a merge finds no weight for these and keeps the base's",
                   count, scene.table->keys.size(), module, example, module),
       ConvertCommand(scene, PeftTarget(scene))});
}

}  // namespace rr
