#include "cli/rule_paths.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "bind/rule_file_kind.h"
#include "bind/rule_library.h"
#include "io/files.h"
#include "io/paths.h"

namespace rr::cli {
namespace {

bool IsFolder(const std::string& path) { return RealFiles().KindOf(path) == FileKind::kDirectory; }

std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> files;
  if (!IsFolder(folder)) return files;
  for (const std::string& name : RealFiles().List(folder)) {
    if (name.ends_with(".yaml") && name[0] != '.') files.push_back(JoinPath(folder, name));
  }
  return files;
}

// Styles and parts have no tests of their own: the families beside them, which use them, are
// tested. Whether all families are to be, because there are none beside them.
bool ReplaceByUsers(std::vector<std::string>* files) {
  std::vector<std::string> tested;
  bool all_families = false;
  for (const std::string& path : *files) {
    const RuleFileKind kind = KindOfRuleFile(RealFiles(), path);
    if (kind == RuleFileKind::kAttributes)
      throw CLI::ValidationError(
          "PATH", path + " is a table of attributes, which has no tests: lint reads it");
    std::vector<std::string> users{path};
    if (kind == RuleFileKind::kStyles || kind == RuleFileKind::kPart) {
      users = FilesIn(RulesFolderOf(RealFiles(), path));
      std::erase(users, path);
      all_families |= users.empty();
    }
    for (std::string& user : users) {
      if (std::find(tested.begin(), tested.end(), user) == tested.end())
        tested.push_back(std::move(user));
    }
  }
  *files = std::move(tested);
  return all_families;
}

}  // namespace

std::vector<std::string> WithFolderOf(const std::string& path,
                                      std::vector<std::string> directories) {
  // A folder of styles, formats or parts belongs to the rules that it lies in, as its files do.
  const std::vector<std::string> files = FilesIn(path);
  const std::string folder = !IsFolder(path) ? RulesFolderOf(RealFiles(), path)
                             : files.empty() ? path
                                             : RulesFolderOf(RealFiles(), files[0]);
  std::erase_if(directories, [&](const std::string& directory) {
    return RealFiles().IsSame(directory, folder);
  });
  directories.insert(directories.begin(), folder);
  return directories;
}

NamedRules FindRules(const std::vector<std::string>& paths,
                     const std::vector<std::string>& directories, Purpose purpose) {
  NamedRules rules{{}, directories};
  for (auto path = paths.rbegin(); path != paths.rend(); ++path)
    rules.directories = WithFolderOf(*path, std::move(rules.directories));
  bool all_families = false;
  for (const std::string& path : paths.empty() ? directories : paths) {
    std::vector<std::string> found = IsFolder(path) ? FilesIn(path) : std::vector{path};
    const bool only_styles = found.empty() && !FilesIn(JoinPath(path, "adapters")).empty();
    for (std::string& format : FilesIn(JoinPath(path, "quantization")))
      found.push_back(std::move(format));
    if (found.empty() && !only_styles && !paths.empty())
      throw CLI::ValidationError("PATH", "there are no rule files in " + path);
    all_families |= only_styles;
    rules.files.insert(rules.files.end(), found.begin(), found.end());
  }
  if (purpose == Purpose::kTest) all_families = ReplaceByUsers(&rules.files) || all_families;
  if (all_families) {
    const RuleLibrary library(RealFiles(), rules.directories);
    for (const std::string& family : library.Families()) {
      const std::string file = library.PathOf(family);
      if (std::find(rules.files.begin(), rules.files.end(), file) == rules.files.end())
        rules.files.push_back(file);
    }
  }
  return rules;
}

}  // namespace rr::cli
