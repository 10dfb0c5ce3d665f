// A folder as it was at a commit, tag or branch of its git repository.
#ifndef RULE_RUNNER_IO_GIT_EXPORT_H_
#define RULE_RUNNER_IO_GIT_EXPORT_H_

#include <memory>
#include <string>

namespace rr {

// A folder of its own that is gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Writes what `folder` held at `ref` into `into`, an existing folder. What git says when it refuses
// goes to stderr; false then. A `ref` that begins with `-` is refused.
bool ExportFromGit(const std::string& folder, const std::string& ref, const std::string& into);

}  // namespace rr

#endif  // RULE_RUNNER_IO_GIT_EXPORT_H_
