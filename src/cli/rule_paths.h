#ifndef RULE_RUNNER_CLI_RULE_PATHS_H_
#define RULE_RUNNER_CLI_RULE_PATHS_H_

#include <string>
#include <vector>

namespace rr::cli {

// What `lint` and `test` look at.
struct NamedRules {
  std::vector<std::string> files;
  std::vector<std::string> directories;  // where what the files name is looked up
};

// Styles and parts that are named themselves are linted; to test them is to test the families
// beside them.
enum class Purpose { kLint, kTest };

// A folder among `paths` stands for its files and those of its `quantization/`. Those of `common/`
// and `adapters/` are checked in the families that use them: all families of the directories where
// the folder has none. The folders of `paths` are directories of rules before all others, because
// that is what they are when their rules are used. CLI::ValidationError for a folder without rules.
NamedRules FindRules(const std::vector<std::string>& paths,
                     const std::vector<std::string>& directories, Purpose purpose);

// `directories` with the folder of a rule file or of rules before them.
std::vector<std::string> WithFolderOf(const std::string& path,
                                      std::vector<std::string> directories);

}  // namespace rr::cli

#endif  // RULE_RUNNER_CLI_RULE_PATHS_H_
