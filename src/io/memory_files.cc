#include "io/memory_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/diagnostic.h"
#include "io/paths.h"

namespace rr {
namespace {

class MemoryInput : public InputFile {
 public:
  MemoryInput(std::string path, std::shared_ptr<MemoryFiles::Bytes> bytes)
      : path_(std::move(path)), bytes_(std::move(bytes)), size_(bytes_->size()) {}
  const std::string& path() const override { return path_; }
  uint64_t size() const override { return size_; }
  void ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    if (offset > bytes_->size() || out.size() > bytes_->size() - offset) {
      throw OsError(
          fmt::format("cannot read `{}`: the file ends at byte {}", path_, bytes_->size()));
    }
    std::copy_n(bytes_->data() + offset, out.size(), out.data());
  }

 private:
  std::string path_;
  std::shared_ptr<MemoryFiles::Bytes> bytes_;
  uint64_t size_;
};

class MemoryOutput : public OutputFile {
 public:
  MemoryOutput(const MemoryFiles* files, std::string path,
               std::shared_ptr<MemoryFiles::Bytes> bytes)
      : files_(files), path_(std::move(path)), bytes_(std::move(bytes)) {}
  const std::string& path() const override { return path_; }
  void Allocate(uint64_t size) override {
    files_->Before("allocate", path_);
    if (size > bytes_->size()) bytes_->resize(size);
  }
  void WriteAt(uint64_t offset, std::span<const std::byte> data) override {
    files_->Before("write", path_);
    if (offset + data.size() > bytes_->size()) bytes_->resize(offset + data.size());
    std::copy(data.begin(), data.end(), bytes_->begin() + static_cast<std::ptrdiff_t>(offset));
  }
  void Sync() override { files_->Before("sync", path_); }

 private:
  const MemoryFiles* files_;
  std::string path_;
  std::shared_ptr<MemoryFiles::Bytes> bytes_;
};

[[noreturn]] void Throw(const char* what, const std::string& path, const char* why) {
  throw OsError(fmt::format("cannot {} `{}`: {}", what, path, why));
}

}  // namespace

MemoryFiles::MemoryFiles() { entries_["/"] = nullptr; }

std::string MemoryFiles::Resolve(const std::string& path) const {
  std::string resolved = "/";
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    if (part == "..") {
      resolved = DirectoryOf(resolved);
    } else if (!part.empty() && part != ".") {
      resolved = JoinPath(resolved, part);
    }
    begin = end + 1;
  }
  return resolved;
}

void MemoryFiles::Put(const std::string& path, std::string_view text) {
  const std::string resolved = Resolve(path);
  for (std::string folder = DirectoryOf(resolved); folder != "/"; folder = DirectoryOf(folder))
    entries_[folder] = nullptr;
  const auto bytes = std::as_bytes(std::span(text));
  entries_[resolved] = std::make_shared<Bytes>(bytes.begin(), bytes.end());
}

void MemoryFiles::Link(const std::string& path, const std::string& target) {
  entries_[Resolve(path)] = entries_.at(Resolve(target));
}

std::string MemoryFiles::TextOf(const std::string& path) const {
  return ReadSmallFile(*this, path).value();
}

std::vector<std::string> MemoryFiles::AllPaths() const {
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : entries_) {
    if (path != "/") paths.push_back(path);
  }
  return paths;
}

FileKind MemoryFiles::KindOf(const std::string& path) const {
  const auto found = entries_.find(Resolve(path));
  if (found == entries_.end()) return FileKind::kNone;
  return found->second == nullptr ? FileKind::kDirectory : FileKind::kFile;
}

std::vector<std::string> MemoryFiles::List(const std::string& directory) const {
  if (KindOf(directory) != FileKind::kDirectory) Throw("list", directory, "Not a directory");
  const std::string resolved = Resolve(directory);
  std::vector<std::string> names;
  for (const auto& [path, bytes] : entries_) {
    if (path != "/" && DirectoryOf(path) == resolved) names.push_back(BaseNameOf(path));
  }
  return names;
}

std::unique_ptr<InputFile> MemoryFiles::Open(const std::string& path) const {
  if (KindOf(path) != FileKind::kFile) Throw("open", path, "No such file");
  return std::make_unique<MemoryInput>(path, entries_.at(Resolve(path)));
}

std::unique_ptr<OutputFile> MemoryFiles::Create(const std::string& path) {
  Before("create", path);
  if (KindOf(path) != FileKind::kNone) Throw("create", path, "File exists");
  if (KindOf(DirectoryOf(Resolve(path))) != FileKind::kDirectory)
    Throw("create", path, "No such directory");
  auto bytes = std::make_shared<Bytes>();
  entries_[Resolve(path)] = bytes;
  return std::make_unique<MemoryOutput>(this, path, bytes);
}

void MemoryFiles::MakeDirectory(const std::string& path) {
  Before("mkdir", path);
  if (KindOf(path) != FileKind::kNone) Throw("make the folder", path, "File exists");
  if (KindOf(DirectoryOf(Resolve(path))) != FileKind::kDirectory)
    Throw("make the folder", path, "No such directory");
  entries_[Resolve(path)] = nullptr;
}

void MemoryFiles::Rename(const std::string& from, const std::string& to) {
  Before("rename", from);
  const std::string source = Resolve(from);
  const std::string target = Resolve(to);
  if (KindOf(source) == FileKind::kNone) Throw("rename", from, "No such file");
  if (KindOf(target) == FileKind::kDirectory &&
      (KindOf(source) != FileKind::kDirectory || !List(target).empty())) {
    Throw("rename", from, "Directory not empty");
  }
  decltype(entries_) moved;
  for (const auto& [path, bytes] : entries_) {
    const bool moves = path == source || LiesBelow(path, source);
    moved[moves ? target + path.substr(source.size()) : path] = bytes;
  }
  if (moved.size() != entries_.size()) moved[target] = entries_[source];  // a file replaced a file
  entries_ = std::move(moved);
}

void MemoryFiles::RemoveAll(const std::string& path) {
  Before("remove", path);
  const std::string resolved = Resolve(path);
  std::erase_if(entries_, [&](const auto& entry) {
    return entry.first == resolved || LiesBelow(entry.first, resolved);
  });
}

void MemoryFiles::SyncDirectory(const std::string& path) { Before("sync directory", path); }

uint64_t MemoryFiles::FreeBytes(const std::string&) const { return free_bytes_; }

bool MemoryFiles::IsSame(const std::string& a, const std::string& b) const {
  const auto x = entries_.find(Resolve(a));
  const auto y = entries_.find(Resolve(b));
  if (x == entries_.end() || y == entries_.end()) return false;
  return x->first == y->first || (x->second != nullptr && x->second == y->second);
}

}  // namespace rr
