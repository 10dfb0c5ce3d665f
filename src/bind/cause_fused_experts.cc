// Experts that are one folded or stacked tensor: servers read one pair per expert and module, and
// skip what they do not know without a word (vllm-project/vllm#41384, sgl-project/sglang#25528,
// NVIDIA-NeMo/Automodel#1814, unslothai/unsloth-zoo#812).
#include <fmt/format.h>

#include <map>
#include <set>

#include "base/text.h"
#include "bind/each_cause.h"

namespace rr {
namespace {

// The tensors of experts that an entry stores: "gate", "up".
std::set<std::string> ExpertsIn(const CheckedRules& rules, const CheckedEntry& entry) {
  std::set<std::string> names;
  for (const CheckedLeaf& leaf : entry.leaves) {
    const LogicalTensor& tensor = rules.tensors[static_cast<size_t>(leaf.tensor)];
    const auto block = static_cast<size_t>(tensor.block);
    if (rules.file->blocks[block].name.text == "experts" && !tensor.weight.empty())
      names.insert(tensor.weight);
  }
  return names;
}

// "mlp.experts.{E}.w1" for gate, in the layout of one pair per expert.
std::map<std::string, std::string> NamesPerExpert(const CheckedRules& rules,
                                                  const CheckedLayout& layout) {
  std::map<std::string, std::string> names;
  for (const CheckedEntry& entry : layout.entries) {
    const std::set<std::string> experts = ExpertsIn(rules, entry);
    const std::vector<std::string> captures = entry.key.Captures();
    if (experts.size() != 1 || !entry.weight || captures.size() < 2) continue;
    CheckedEntry weight = entry;
    weight.key = *entry.weight;
    std::string name = FormatKey(ConcreteKey(layout, weight, DefaultChoice(layout)),
                                 [](const std::string&) { return 0; });
    if (name.ends_with(".weight")) name.resize(name.size() - 7);
    names.emplace(*experts.begin(), name.substr(name.rfind('.') + 1));
  }
  return names;
}

// A family whose experts servers read as PEFT folds them: stacked factors of three dimensions,
// under the name of a parameter without `.weight`, are nothing that PEFT or they know.
void StackedForPeft(const CauseScene& scene, size_t count, const std::string& example,
                    std::vector<Cause>* causes) {
  if (scene.layout->name.text.starts_with("peft-")) return;
  for (const FoundKey& key : scene.table->keys) {
    if (key.name != example || !key.shape || key.shape->size() != 3) continue;
    causes->push_back(
        {"fused-experts",
         fmt::format("{} of {} tensors hold all experts at once in three dimensions, for instance "
                     "{} [{}]; PEFT and what reads its files fold experts into the rank, two "
                     "dimensions under `experts.base_layer` and `experts`, and know none of these",
                     count, scene.table->keys.size(), example, fmt::join(*key.shape, ", ")),
         ConvertCommand(scene, PeftTarget(scene))});
    return;
  }
}

}  // namespace

void CauseFusedExperts(const CauseScene& scene, std::vector<Cause>* causes) {
  if (!scene.adapter || scene.bound == nullptr) return;
  const CheckedLayout* servers = nullptr;
  std::vector<std::string> systems, readers;
  std::string to;
  for (const TargetRule& target : scene.rules->file->targets) {
    for (const TargetCase& one : target.cases) {
      if (!one.versions && one.adapters.text == scene.layout->name.text)
        readers.push_back(target.system.text);
      if (one.versions || one.adapters.text == scene.layout->name.text) continue;
      const CheckedLayout* layout = scene.rules->FindLayout(one.adapters.text);
      if (layout == nullptr || layout->style == nullptr || one.adapters.text != "peft-expert")
        continue;
      servers = layout;
      if (to.empty()) to = target.system.text;
      systems.push_back(target.system.text);
    }
  }
  size_t count = 0;
  std::string example;
  for (const BoundTensor& tensor : scene.bound->layout.tensors) {
    const CheckedEntry& entry = scene.layout->entries[static_cast<size_t>(tensor.entry)];
    if (ExpertsIn(*scene.rules, entry).empty()) continue;
    if (count++ == 0) example = tensor.key;
  }
  if (count == 0) return;
  std::map<std::string, std::string> names;
  if (servers != nullptr) names = NamesPerExpert(*scene.rules, *servers);
  if (names.empty()) {
    StackedForPeft(scene, count, example, causes);
    return;
  }
  std::vector<std::string> words;
  for (const char* part : {"gate", "up", "down"}) {
    if (const auto at = names.find(part); at != names.end())
      words.push_back(fmt::format("{} ({})", at->second, part));
  }
  causes->push_back(
      {"fused-experts",
       fmt::format("{} of {} tensors hold all experts at once, for instance {}; {} read a pair per "
                   "expert of {} and drop these: what they serve is the base model's experts{}",
                   count, scene.table->keys.size(), example, JoinWords(systems), JoinWords(words),
                   readers.empty() ? "" : fmt::format("; {} can load them", JoinWords(readers))),
       ConvertCommand(scene, to)});
}

}  // namespace rr
