#include "cli/rule_paths.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "bind/rule_library.h"
#include "io/files.h"
#include "io/paths.h"
#include "syntax/quant_test.h"

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

}  // namespace

std::vector<std::string> WithFolderOf(const std::string& path,
                                      std::vector<std::string> directories) {
  const std::string folder = IsFolder(path)      ? path
                             : IsQuantFile(path) ? DirectoryOf(DirectoryOf(path))
                                                 : DirectoryOf(path);
  std::erase_if(directories, [&](const std::string& directory) {
    return RealFiles().IsSame(directory, folder);
  });
  directories.insert(directories.begin(), folder);
  return directories;
}

NamedRules FindRules(const std::vector<std::string>& paths,
                     const std::vector<std::string>& directories) {
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
