// Modules of a server or of another family: one name for what this family stores under several, or
// the reverse (sgl-project/sglang#16550, #30189, #31522, vllm-project/vllm#36652).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "bind/each_cause.h"

namespace rr {
namespace {

struct Fusion {
  const char* whole;
  std::vector<std::string> parts;
};

const std::vector<Fusion>& Fusions() {
  static const std::vector<Fusion> kFusions = {
      {"qkv_proj", {"q_proj", "k_proj", "v_proj"}},
      {"gate_up_proj", {"gate_proj", "up_proj"}},
      {"in_proj_qkvz", {"in_proj_qkv", "in_proj_z"}},
      {"in_proj_ba", {"in_proj_b", "in_proj_a"}},
  };
  return kFusions;
}

bool HasName(const std::string& key, const std::string& name) {
  return ("." + key + ".").find("." + name + ".") != std::string::npos;
}

// Whether a key template of the family has the name.
bool Knows(const CheckedRules& rules, const std::string& name) {
  for (const CheckedLayout& layout : rules.layouts) {
    for (const CheckedEntry& entry : layout.entries) {
      if (HasName(entry.key.ToString(), name)) return true;
    }
  }
  return false;
}

}  // namespace

void CauseFusedModules(const CauseScene& scene, std::vector<Cause>* causes) {
  if (scene.families.size() != 1) return;
  const CheckedRules& rules = *scene.families[0];
  for (const Fusion& fusion : Fusions()) {
    std::set<std::string> here;
    std::string example;
    for (const uint32_t index : UnknownKeys(scene)) {
      const std::string& key = scene.table->keys[index].name;
      if (HasName(key, "experts")) continue;
      if (HasName(key, fusion.whole)) here.insert(fusion.whole), example = key;
      for (const std::string& part : fusion.parts) {
        // A name that the family has itself is met here behind a foreign prefix.
        if (HasName(key, part) && !Knows(rules, part)) here.insert(part), example = key;
      }
    }
    if (here.empty()) continue;
    const bool whole = here.count(fusion.whole) > 0;
    const std::vector<std::string> wanted =
        whole ? fusion.parts : std::vector<std::string>{fusion.whole};
    const bool knows = std::all_of(wanted.begin(), wanted.end(),
                                   [&](const std::string& name) { return Knows(rules, name); });
    if (!knows) continue;
    const std::string found = whole ? fusion.whole : JoinWords({here.begin(), here.end()});
    const std::string family = rules.file->family.text;
    causes->push_back(
        {"fused-modules",
         fmt::format("{} has {}, for instance {}; {} stores {}. {}",
                     scene.adapter ? "the adapter" : "the file", found, example, family,
                     JoinWords(wanted),
                     whole ? "Servers such as vLLM and SGLang fuse them in memory under that name"
                           : "Another family, or a trainer that splits modules, has that name"),
         fmt::format(
             "rule-runner inspect {} --family FAMILY, with the family that it was made for; for {} "
             "itself, save it from modules named {}",
             scene.path, family, JoinWords(wanted))});
  }
}

}  // namespace rr
