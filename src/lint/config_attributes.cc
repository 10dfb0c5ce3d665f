#include "lint/config_attributes.h"

#include <optional>

#include "syntax/fields.h"

namespace rr {

ConfigAttributes ConfigAttributes::Read(const Files& files,
                                        const std::vector<std::string>& directories,
                                        Diagnostics* diagnostics) {
  ConfigAttributes result;
  for (const std::string& directory : directories) {
    const std::string folder = directory + "/attributes";
    if (files.KindOf(folder) != FileKind::kDirectory) continue;
    for (const std::string& name : files.List(folder)) {
      if (!name.ends_with(".yaml") || name[0] == '.') continue;
      const std::string path = folder + "/" + name;
      std::optional<std::string> text = ReadSmallFile(files, path, 1 << 20);
      if (!text) continue;
      const std::optional<YamlNode> tree =
          ParseYaml(KeepSource(path, std::move(*text)), diagnostics);
      if (tree) result.Add(*tree, diagnostics);
    }
  }
  return result;
}

void ConfigAttributes::Add(const YamlNode& tree, Diagnostics* diagnostics) {
  if (!ExpectMap(tree, "a table of attributes", diagnostics)) return;
  for (const YamlMember& type : tree.members) {
    for (const SpannedText& item : TextsOf(type.value, "an attribute", diagnostics)) {
      by_type_[type.key.text].push_back(item.text);
      all_.insert(item.text);
      for (size_t dot = item.text.find('.'); dot != std::string::npos;
           dot = item.text.find('.', dot + 1))
        all_.insert(item.text.substr(dot + 1));
    }
  }
}

std::vector<std::string> ConfigAttributes::Types() const {
  std::vector<std::string> types;
  for (const auto& [type, attributes] : by_type_) types.push_back(type);
  return types;
}

}  // namespace rr
