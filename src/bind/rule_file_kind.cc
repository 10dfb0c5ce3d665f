#include "bind/rule_file_kind.h"

#include <optional>
#include <utility>

#include "base/diagnostic.h"
#include "base/source.h"
#include "io/paths.h"

namespace rr {
namespace {

constexpr uint64_t kLargestFile = 1 << 20;

constexpr std::pair<const char*, RuleFileKind> kPlaces[] = {
    {"common", RuleFileKind::kPart},
    {"adapters", RuleFileKind::kStyles},
    {"quantization", RuleFileKind::kFormats},
    {"attributes", RuleFileKind::kAttributes}};

RuleFileKind ByPlace(const std::string& path) {
  const std::string folder = BaseNameOf(DirectoryOf(path));
  for (const auto& [name, kind] : kPlaces) {
    if (folder == name) return kind;
  }
  return RuleFileKind::kFamily;
}

}  // namespace

RuleFileKind KindOfRuleFile(const YamlNode* root, const std::string& path) {
  const RuleFileKind place = ByPlace(path);
  if (root == nullptr || !root->IsMap()) return place;
  if (root->Find("family") != nullptr)
    return place == RuleFileKind::kPart ? place : RuleFileKind::kFamily;
  if (root->Find("styles") != nullptr) return RuleFileKind::kStyles;
  if (root->Find("formats") != nullptr) return RuleFileKind::kFormats;
  return place;
}

RuleFileKind KindOfRuleFile(const Files& files, const std::string& path) {
  if (files.KindOf(path) != FileKind::kFile) return ByPlace(path);
  std::optional<std::string> text = ReadSmallFile(files, path, kLargestFile);
  if (!text) return ByPlace(path);
  Diagnostics reported;  // by whoever reads the file for what it is
  const std::optional<YamlNode> tree = ParseYaml(KeepSource(path, std::move(*text)), &reported);
  return KindOfRuleFile(tree ? &*tree : nullptr, path);
}

std::string RulesFolderOf(const Files& files, const std::string& path) {
  const std::string folder = DirectoryOf(path);
  const RuleFileKind kind = KindOfRuleFile(files, path);
  return kind != RuleFileKind::kFamily && kind == ByPlace(path) ? DirectoryOf(folder) : folder;
}

}  // namespace rr
