#include "cli/rule_paths.h"

#include "io/files.h"

namespace rr::cli {

std::vector<std::string> RulePaths(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  const auto add_folder = [&](const std::string& folder) {
    for (const std::string& name : RealFiles().List(folder)) {
      if (name.ends_with(".yaml") && name[0] != '.')
        files.push_back(folder + (folder.ends_with('/') ? "" : "/") + name);
    }
  };
  for (const std::string& path : paths) {
    if (RealFiles().KindOf(path) != FileKind::kDirectory) {
      files.push_back(path);
      continue;
    }
    add_folder(path);
    const std::string formats = path + (path.ends_with('/') ? "" : "/") + "quantization";
    if (RealFiles().KindOf(formats) == FileKind::kDirectory) add_folder(formats);
  }
  return files;
}

}  // namespace rr::cli
