#include "cli/rule_paths.h"

#include "io/files.h"

namespace rr::cli {

std::vector<std::string> RulePaths(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (RealFiles().KindOf(path) != FileKind::kDirectory) {
      files.push_back(path);
      continue;
    }
    for (const std::string& name : RealFiles().List(path)) {
      if (name.ends_with(".yaml") && name[0] != '.')
        files.push_back(path + (path.ends_with('/') ? "" : "/") + name);
    }
  }
  return files;
}

}  // namespace rr::cli
