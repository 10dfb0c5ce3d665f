#include "bind/megatron_run_config.h"

#include <memory>
#include <utility>

#include "base/text.h"
#include "syntax/yaml_tree.h"

namespace rr {
namespace {

const YamlNode* TextIn(const YamlNode& root, const char* section, const char* name) {
  const YamlNode* map = root.Find(section);
  const YamlNode* value = map == nullptr || !map->IsMap() ? nullptr : map->Find(name);
  return value == nullptr || !value->IsText() ? nullptr : value;
}

template <class Number>
std::optional<Number> NumberIn(const YamlNode& root, const char* section, const char* name) {
  const YamlNode* value = TextIn(root, section, name);
  if (value == nullptr) return std::nullopt;
  const std::optional<Number> number = ParseNumber<Number>(value->text.text);
  return number && *number > 0 ? number : std::nullopt;
}

}  // namespace

std::optional<MegatronRunConfig> ReadMegatronRunConfig(const Files& files, const std::string& path,
                                                       Diagnostics* diagnostics) {
  std::optional<std::string> text = ReadSmallFile(files, path);
  Diagnostics faults;
  std::optional<YamlNode> root;
  if (text) root = ParseYaml(KeepSource(path, std::move(*text)), &faults);
  if (!root || !root->IsMap()) {
    diagnostics
        ->Add(Code::kOddFile, Place::File(path),
              "this run_config.yaml cannot be read: rank, alpha and the tensor parallel size "
              "are not taken from it")
        .help = "--alpha A, --set T=N";
    return std::nullopt;
  }
  MegatronRunConfig config;
  config.dim = NumberIn<int64_t>(*root, "peft", "dim");
  config.alpha = NumberIn<double>(*root, "peft", "alpha");
  config.tensor_parallel = NumberIn<int64_t>(*root, "model", "tensor_model_parallel_size");
  config.expert_tensor_parallel = NumberIn<int64_t>(*root, "model", "expert_tensor_parallel_size");
  const YamlNode* normalize = TextIn(*root, "peft", "normalize_moe_lora");
  config.normalize_moe_lora =
      normalize != nullptr && (normalize->text.text == "true" || normalize->text.text == "True");
  return config;
}

}  // namespace rr
