#include "cli/lint_against.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bind/rule_file_kind.h"
#include "cli/command.h"
#include "io/git_export.h"
#include "io/paths.h"
#include "lint/against.h"

namespace rr::cli {
namespace {

// The folders that are compared, and the families if only files of them are named.
struct Compared {
  std::vector<std::string> folders, families;
};

Compared WhatIsCompared(const AgainstFlags& flags) {
  Compared compared;
  bool all = false;  // what is no family of its own may matter to all
  for (const std::string& path : flags.paths.empty() ? flags.directories : flags.paths) {
    std::string folder = path;
    if (RealFiles().KindOf(path) != FileKind::kDirectory) {
      folder = RulesFolderOf(RealFiles(), path);
      std::string name = BaseNameOf(path);
      if (name.ends_with(".yaml")) name.resize(name.size() - 5);
      all |= KindOfRuleFile(RealFiles(), path) != RuleFileKind::kFamily;
      compared.families.push_back(std::move(name));
    }
    if (std::find(compared.folders.begin(), compared.folders.end(), folder) ==
        compared.folders.end())
      compared.folders.push_back(std::move(folder));
  }
  if (all) compared.families.clear();
  return compared;
}

}  // namespace

int LintAgainst(const CLI::App& command, const AgainstFlags& flags) {
  const Compared compared = WhatIsCompared(flags);
  std::vector<std::string> before{flags.against};
  std::vector<std::unique_ptr<TemporaryFolder>> exported;
  if (RealFiles().KindOf(flags.against) != FileKind::kDirectory) {
    before.clear();
    for (const std::string& folder : compared.folders) {
      exported.push_back(std::make_unique<TemporaryFolder>());
      before.push_back(exported.back()->path());
      if (ExportFromGit(folder, flags.against, before.back())) continue;
      fmt::print(stderr, "`{}` is neither a folder nor a version that git has of {}\n",
                 flags.against, folder);
      return kUsage;
    }
  }
  RuleLibrary old_rules(RealFiles(), before), new_rules(RealFiles(), compared.folders);
  Diagnostics diagnostics;
  const RuleSetChanges changes =
      CompareRuleSets(&old_rules, &new_rules, compared.families, &diagnostics);
  Print(flags.json ? RenderChangesJson(changes) : RenderChanges(changes));
  const int shown = Show(command, diagnostics);
  return shown == kDone && flags.fail_on_change && !changes.changes.empty() ? kFindings : shown;
}

}  // namespace rr::cli
