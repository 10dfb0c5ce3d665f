#include "bind/key_repair.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <optional>
#include <set>
#include <unordered_set>
#include <utility>

#include "base/text.h"

namespace rr {
namespace {

using Keys = std::vector<std::string>;

// The new names where `rename` gives one; nullopt when it gives none, or one twice.
template <class Rename>
std::optional<Keys> Changed(const Keys& keys, Rename&& rename, size_t* count) {
  Keys changed = keys;
  *count = 0;
  for (std::string& key : changed) *count += rename(&key) ? 1 : 0;
  if (*count == 0) return std::nullopt;
  const std::unordered_set<std::string_view> names(changed.begin(), changed.end());
  if (names.size() != changed.size()) return std::nullopt;
  return changed;
}

// "base_model.model.base_model.model." and more: an adapter that was saved from within another
// PeftModel, and what `merge_and_unload` of nested ones leaves.
std::optional<KeyRepair> DoubledWrapper(Keys* keys) {
  static const RE2 kTwice(R"(((?:base_model\.model\.){2,}).*)");
  size_t count = 0;
  std::string found;
  auto changed = Changed(
      *keys,
      [&](std::string* key) {
        std::string wrappers;
        if (!RE2::FullMatch(*key, kTwice, &wrappers)) return false;
        found = wrappers;
        *key = "base_model.model." + key->substr(wrappers.size());
        return true;
      },
      &count);
  if (!changed) return std::nullopt;
  *keys = std::move(*changed);
  return KeyRepair{
      "doubled-prefix",
      fmt::format("{} keys begin with `{}`: an adapter saved from a PeftModel within a "
                  "PeftModel. They are read with one `base_model.model.`",
                  count, found)};
}

// PEFT cuts the adapter's name out of the keys when it saves. A state dict that was saved by other
// means still has it: huggingface/peft v0.20.0, utils/save_and_load.py get_peft_model_state_dict.
// (ms-swift writes `lora_A.default.weight`.)
std::optional<KeyRepair> AdapterName(Keys* keys) {
  static const RE2 kNamed(R"((.*\.lora_(?:A|B))\.([^.]+)(\.weight|\.bias))");
  static const RE2 kBare(
      R"((.*\.lora_(?:embedding_A|embedding_B|magnitude_vector))\.([^.]+)(?:\.weight)?)");
  size_t count = 0;
  std::set<std::string> names;
  auto changed = Changed(
      *keys,
      [&](std::string* key) {
        std::string module, name, ending;
        if (!RE2::FullMatch(*key, kNamed, &module, &name, &ending) &&
            !RE2::FullMatch(*key, kBare, &module, &name))
          return false;
        if (name == "weight" && ending.empty()) {
          *key = module;
          return true;
        }
        names.insert(name);
        *key = module + ending;
        return true;
      },
      &count);
  if (!changed || names.size() > 1) return std::nullopt;
  *keys = std::move(*changed);
  return KeyRepair{
      "adapter-name",
      names.empty()
          ? fmt::format("{} keys have a `.weight` that PEFT leaves out. They are read without it",
                        count)
          : fmt::format("{} keys hold the adapter's name `{}`, as a state dict in memory does and "
                        "PEFT's files do not. They are read without it",
                        count, *names.begin())};
}

// transformers 5.4 to 5.5.1 saved composite models of Qwen3.5 with the prefix of the language model
// repeated, and until 5.5.3 the vision tower within the language model.
std::optional<KeyRepair> CorruptPrefix(Keys* keys) {
  static const RE2 kRepeated(R"((.*?\bmodel\.)((?:language_model\.){2,})(.*))");
  static const RE2 kVision(R"((.*?\bmodel\.)language_model\.(visual\..*))");
  size_t count = 0;
  auto changed = Changed(
      *keys,
      [&](std::string* key) {
        std::string head, repeated, rest;
        if (RE2::FullMatch(*key, kRepeated, &head, &repeated, &rest)) {
          *key = head + (rest.starts_with("visual.") ? "" : "language_model.") + rest;
          return true;
        }
        if (!RE2::FullMatch(*key, kVision, &head, &rest)) return false;
        *key = head + rest;
        return true;
      },
      &count);
  if (!changed) return std::nullopt;
  *keys = std::move(*changed);
  return KeyRepair{"corrupt-prefix",
                   fmt::format("{} keys have `language_model.` where it does not belong, as "
                               "transformers 5.4 to 5.5.3 saved composite models. They are read "
                               "without it",
                               count)};
}

// A module that an adapter wraps keeps its weight as `base_layer.weight` (PEFT) or `to_wrap.weight`
// (Megatron-Bridge). A factor of the inner wrapper is `base_layer.lora_A.weight` and stays.
std::optional<KeyRepair> WrappedWeight(Keys* keys) {
  static const RE2 kWrapped(R"((.*)\.(base_layer|to_wrap)\.(weight|bias))");
  size_t count = 0;
  std::string wrapper;
  auto changed = Changed(
      *keys,
      [&](std::string* key) {
        std::string module, name, ending;
        if (!RE2::FullMatch(*key, kWrapped, &module, &name, &ending)) return false;
        wrapper = name;
        *key = module + "." + ending;
        return true;
      },
      &count);
  if (!changed) return std::nullopt;
  *keys = std::move(*changed);
  return KeyRepair{"wrapped-weight",
                   fmt::format("{} weights lie within an adapter's wrapper, as `{}.weight`. They "
                               "are read without it",
                               count, wrapper)};
}

// A quantiser that joined a module's name and what is below it without a dot
// (intel/auto-round#1461: `self_attnindexer.weights_proj.qweight`). No module's name begins so.
std::optional<KeyRepair> MissingDot(Keys* keys) {
  static const RE2 kJoined(R"((.*\.)(self_attn)([a-z].*))");
  size_t count = 0;
  std::string example;
  auto changed = Changed(
      *keys,
      [&](std::string* key) {
        std::string head, module, rest;
        if (!RE2::FullMatch(*key, kJoined, &head, &module, &rest)) return false;
        if (count == 0) example = *key;
        *key = head + module + "." + rest;
        return true;
      },
      &count);
  if (!changed) return std::nullopt;
  *keys = std::move(*changed);
  return KeyRepair{"missing-dot",
                   fmt::format("{} keys have no dot behind `self_attn`, for instance {}: a "
                               "quantiser joined names wrongly. They are read with it",
                               count, example)};
}

}  // namespace

std::vector<KeyRepair> RepairKeys(std::vector<std::string>* keys) {
  std::vector<KeyRepair> done;
  for (const auto repair :
       {DoubledWrapper, AdapterName, CorruptPrefix, WrappedWeight, MissingDot}) {
    if (auto one = repair(keys)) done.push_back(std::move(*one));
  }
  return done;
}

}  // namespace rr
