// Files with the text of one of them in memory: what an editor holds and has not saved yet.
#ifndef RULE_RUNNER_LINT_OVERLAY_FILES_H_
#define RULE_RUNNER_LINT_OVERLAY_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "io/memory_files.h"

namespace rr {

// For reading only: whatever would change a file throws std::logic_error.
class OverlayFiles : public Files {
 public:
  OverlayFiles(const Files& below, std::string path, std::string_view text);

  FileKind KindOf(const std::string& path) const override;
  std::vector<std::string> List(const std::string& directory) const override;
  std::unique_ptr<InputFile> Open(const std::string& path) const override;
  std::unique_ptr<OutputFile> Create(const std::string& path) override;
  void MakeDirectory(const std::string& path) override;
  void Rename(const std::string& from, const std::string& to) override;
  void RemoveAll(const std::string& path) override;
  void SyncDirectory(const std::string& path) override;
  uint64_t FreeBytes(const std::string& directory) const override;
  bool IsSame(const std::string& a, const std::string& b) const override;
  std::string Resolve(const std::string& path) const override;

 private:
  const Files& below_;
  std::string path_;
  MemoryFiles text_;
};

}  // namespace rr

#endif  // RULE_RUNNER_LINT_OVERLAY_FILES_H_
