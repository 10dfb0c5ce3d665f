// Files in memory, for tests: the same rules as the real ones, and faults can be made to happen.
//
// Paths are resolved by their text (`.`, `..`, relative to "/"); symbolic links do not exist here.
// Not safe from several threads but for ReadAt and WriteAt on ranges that were allocated or written
// before.
#ifndef RULE_RUNNER_IO_MEMORY_FILES_H_
#define RULE_RUNNER_IO_MEMORY_FILES_H_

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/files.h"

namespace rr {

class MemoryFiles : public Files {
 public:
  using Bytes = std::vector<std::byte>;

  MemoryFiles();
  // For setting a scene: a file with its folders, replacing one that is there; another name for the
  // same file.
  void Put(const std::string& path, std::string_view text);
  void Link(const std::string& path, const std::string& target);
  std::string TextOf(const std::string& path) const;
  std::vector<std::string> AllPaths() const;  // files and folders but "/", sorted
  void set_free_bytes(uint64_t bytes) { free_bytes_ = bytes; }
  // Called before each operation that changes something ("create", "allocate", "write", "sync",
  // "mkdir", "rename", "remove", "sync directory") with its path; it may throw.
  std::function<void(std::string_view operation, const std::string& path)> before;

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

  void Before(std::string_view operation, const std::string& path) const {
    if (before) before(operation, path);
  }

 private:
  // By resolved path; a folder has no bytes.
  std::map<std::string, std::shared_ptr<Bytes>> entries_;
  uint64_t free_bytes_ = std::numeric_limits<uint64_t>::max();
};

}  // namespace rr

#endif  // RULE_RUNNER_IO_MEMORY_FILES_H_
