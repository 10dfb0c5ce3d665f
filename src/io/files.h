// The seam to the file system. Everything that reads or writes files does it through a `Files`, so
// that tests run in memory and faults (a full disk, a short read) can be made to happen.
//
// Errors: operations throw OsError with the path and the system's words. Absence is a value where
// it is ordinary.
#ifndef RULE_RUNNER_IO_FILES_H_
#define RULE_RUNNER_IO_FILES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rr {

class InputFile {
 public:
  virtual ~InputFile() = default;
  virtual const std::string& path() const = 0;
  virtual uint64_t size() const = 0;
  // Fills `out` from `offset`; safe from several threads. A file that ends early is an OsError.
  virtual void ReadAt(uint64_t offset, std::span<std::byte> out) const = 0;
};

class OutputFile {
 public:
  virtual ~OutputFile() = default;
  virtual const std::string& path() const = 0;
  // Reserves `size` bytes on the disk, so that a full disk is found before work is done.
  virtual void Allocate(uint64_t size) = 0;
  // Safe from several threads.
  virtual void WriteAt(uint64_t offset, std::span<const std::byte> data) = 0;
  virtual void Sync() = 0;  // data and size are on the disk when it returns
};

enum class FileKind { kNone, kFile, kDirectory, kOther };

class Files {
 public:
  virtual ~Files() = default;
  virtual FileKind KindOf(const std::string& path) const = 0;  // follows symbolic links
  virtual std::vector<std::string> List(const std::string& directory) const = 0;  // names, sorted
  virtual std::unique_ptr<InputFile> Open(const std::string& path) const = 0;
  // A new file with the permissions that the umask leaves; an existing one is an OsError.
  virtual std::unique_ptr<OutputFile> Create(const std::string& path) = 0;
  virtual void MakeDirectory(const std::string& path) = 0;  // its parent exists
  // Atomic, on one file system. Replaces a file, and a folder that is empty.
  virtual void Rename(const std::string& from, const std::string& to) = 0;
  virtual void RemoveAll(const std::string& path) = 0;  // absent is fine
  virtual void SyncDirectory(const std::string& path) = 0;
  virtual uint64_t FreeBytes(const std::string& directory) const = 0;
  // Whether two paths are the same file or directory (hard links and symbolic links included).
  virtual bool IsSame(const std::string& a, const std::string& b) const = 0;
  // The absolute path with symbolic links and dots resolved; parts that do not exist stay as they
  // are written.
  virtual std::string Resolve(const std::string& path) const = 0;
};

// The real file system; one for the process.
Files& RealFiles();

// A whole small file as text. Larger than `limit` is nullopt.
std::optional<std::string> ReadSmallFile(const Files& files, const std::string& path,
                                         uint64_t limit = 64 << 20);
// Created, written, synced.
void WriteSmallFile(Files& files, const std::string& path, std::string_view text);

}  // namespace rr

#endif  // RULE_RUNNER_IO_FILES_H_
