// Names of the wrappers of a training run before or within the names of the model. Where the family
// is known, another prefix is found by its templates (cause_foreign_names.cc); without a config
// only what no model calls a module itself says it.
#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "bind/each_cause.h"
#include "bind/key_rename.h"

namespace rr {
namespace {

constexpr std::pair<std::string_view, std::string_view> kWrappers[] = {
    {"module.", "torch's DataParallel and DistributedDataParallel"},
    {"_orig_mod.", "torch.compile"},
    {"_fsdp_wrapped_module.", "torch's FullyShardedDataParallel"},
};

// The beginning of a key up to the wrapper and with it, when it stands before the first index.
std::string UpToWrapper(const std::string& key, std::string_view wrapper) {
  const size_t at = key.find(wrapper);
  if (at == std::string::npos || (at > 0 && key[at - 1] != '.')) return "";
  const size_t digit = key.find_first_of("0123456789");
  return digit < at ? "" : key.substr(0, at + wrapper.size());
}

}  // namespace

void CauseWrappedModel(const CauseScene& scene, std::vector<Cause>* causes) {
  if (scene.bound != nullptr || scene.families.size() == 1) return;
  for (const auto& [wrapper, writer] : kWrappers) {
    for (const FoundKey& key : scene.table->keys) {
      const std::string from = UpToWrapper(key.name, wrapper);
      if (from.empty()) continue;
      const KeyRename rename{from, from.substr(0, from.size() - wrapper.size()), true};
      causes->push_back({"wrapped-model",
                         fmt::format("`{}` in {} is what {} puts before the names of a model",
                                     wrapper, key.name, writer),
                         fmt::format("rule-runner inspect {} {}", scene.path, FlagOf(rename))});
      break;
    }
  }
}

}  // namespace rr
