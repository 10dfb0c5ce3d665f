// The same tensors several times, under names with wrappers repeated: what merging within nested
// PEFT models saves (unslothai/unsloth#5410: 31 thousand tensors, each three times).
#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>

#include "bind/each_cause.h"

namespace rr {
namespace {

constexpr std::string_view kWrapper = "base_model.model.";
constexpr std::string_view kLanguageModel = "language_model.";

// The name without what a wrapper puts before it, and without repetitions within it.
std::string Unwrapped(std::string name, bool adapter) {
  size_t wrappers = 0;
  while (name.starts_with(kWrapper)) {
    name.erase(0, kWrapper.size());
    ++wrappers;
  }
  if (adapter && wrappers > 0) name.insert(0, kWrapper);
  const std::string twice = std::string(kLanguageModel) + std::string(kLanguageModel);
  for (size_t at = name.find(twice); at != std::string::npos; at = name.find(twice))
    name.erase(at, kLanguageModel.size());
  return name;
}

}  // namespace

void CauseRepeatedTensors(const CauseScene& scene, std::vector<Cause>* causes) {
  std::set<std::string> names;
  for (const FoundKey& key : scene.table->keys) names.insert(key.name);
  size_t count = 0, with_wrapper = 0;
  std::string example, of;
  for (const std::string& name : names) {
    const std::string plain = Unwrapped(name, scene.adapter);
    if (plain == name || names.count(plain) == 0) continue;
    with_wrapper += name.starts_with(kWrapper) ? 1 : 0;
    if (count++ == 0) example = name, of = plain;
  }
  if (count == 0) return;
  std::string regex = with_wrapper == count ? R"(^base_model\.model\.)"
                      : with_wrapper == 0   ? R"(language_model\.language_model\.)"
                                            : R"(^base_model\.model\.|(language_model\.){2})";
  if (scene.adapter && with_wrapper > 0) regex = R"(^(base_model\.model\.){2})";
  causes->push_back(
      {"repeated-tensors",
       fmt::format("{} of {} tensors are there again under a name with its wrapper repeated: {} "
                   "beside {}. A model that was merged or saved within nested PEFT models looks so",
                   count, scene.table->keys.size(), example, of),
       ConvertCommand(scene, scene.layout == nullptr ? "TARGET" : scene.layout->name.text,
                      fmt::format("--exclude '{}'", regex))});
}

}  // namespace rr
