// The operating system's files. Plain pread and pwrite: faster ways (O_DIRECT, huge pages) belong
// behind this seam.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "base/diagnostic.h"
#include "io/files.h"

namespace rr {
namespace {

[[noreturn]] void Throw(const char* what, const std::string& path, int error) {
  throw OsError(
      fmt::format("cannot {} `{}`: {}", what, path, std::generic_category().message(error)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

int OpenRetrying(const std::string& path, int flags) {
  for (;;) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EINTR) return fd;
  }
}

class RealInput : public InputFile {
 public:
  RealInput(std::string path, Descriptor fd, uint64_t size)
      : path_(std::move(path)), fd_(std::move(fd)), size_(size) {}
  const std::string& path() const override { return path_; }
  uint64_t size() const override { return size_; }

  void ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    while (!out.empty()) {
      const ssize_t n = ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) Throw("read", path_, errno);
      if (n == 0)
        throw OsError(fmt::format("cannot read `{}`: the file ends at byte {}", path_, offset));
      out = out.subspan(static_cast<size_t>(n));
      offset += static_cast<uint64_t>(n);
    }
  }

 private:
  std::string path_;
  Descriptor fd_;
  uint64_t size_;
};

class RealOutput : public OutputFile {
 public:
  RealOutput(std::string path, Descriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  const std::string& path() const override { return path_; }

  void Allocate(uint64_t size) override {
    if (size == 0) return;
    // Not posix_fallocate: where the file system cannot reserve, glibc would write a byte into
    // every block instead.
    int r = 0;
    do {
      r = ::fallocate(fd_.get(), 0, 0, static_cast<off_t>(size));
    } while (r != 0 && errno == EINTR);
    if (r == 0) return;
    if (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS)
      Throw("reserve space for", path_, errno);
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0)
      Throw("set the size of", path_, errno);
  }

  void WriteAt(uint64_t offset, std::span<const std::byte> data) override {
    while (!data.empty()) {
      const ssize_t n = ::pwrite(fd_.get(), data.data(), data.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) Throw("write", path_, errno);
      data = data.subspan(static_cast<size_t>(n));
      offset += static_cast<uint64_t>(n);
    }
  }

  void Sync() override {
    if (::fdatasync(fd_.get()) != 0) Throw("sync", path_, errno);
  }

 private:
  std::string path_;
  Descriptor fd_;
};

class Real : public Files {
 public:
  FileKind KindOf(const std::string& path) const override {
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return FileKind::kNone;
      if (errno == ELOOP) return FileKind::kOther;  // symbolic links in a circle
      Throw("look at", path, errno);
    }
    if (S_ISREG(st.st_mode)) return FileKind::kFile;
    return S_ISDIR(st.st_mode) ? FileKind::kDirectory : FileKind::kOther;
  }

  std::vector<std::string> List(const std::string& directory) const override {
    std::vector<std::string> names;
    try {
      for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        names.push_back(entry.path().filename().string());
      }
    } catch (const std::filesystem::filesystem_error& e) {
      Throw("list", directory, e.code().value());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  std::unique_ptr<InputFile> Open(const std::string& path) const override {
    // Non-blocking, so that a named pipe cannot make this wait for a writer.
    Descriptor fd(OpenRetrying(path, O_RDONLY | O_NONBLOCK));
    if (fd.get() < 0) Throw("open", path, errno);
    struct stat st {};
    if (::fstat(fd.get(), &st) != 0) Throw("look at", path, errno);
    if (!S_ISREG(st.st_mode))
      throw OsError(fmt::format("cannot open `{}`: it is not a regular file", path));
    return std::make_unique<RealInput>(path, std::move(fd), static_cast<uint64_t>(st.st_size));
  }

  std::unique_ptr<OutputFile> Create(const std::string& path) override {
    Descriptor fd(OpenRetrying(path, O_WRONLY | O_CREAT | O_EXCL));
    if (fd.get() < 0) Throw("create", path, errno);
    return std::make_unique<RealOutput>(path, std::move(fd));
  }

  void MakeDirectory(const std::string& path) override {
    if (::mkdir(path.c_str(), 0777) != 0) Throw("make the folder", path, errno);
  }

  void Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) {
      throw OsError(fmt::format("cannot rename `{}` to `{}`: {}", from, to,
                                std::generic_category().message(errno)));
    }
  }

  void RemoveAll(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) Throw("remove", path, error.value());
  }

  void SyncDirectory(const std::string& path) override {
    const Descriptor fd(OpenRetrying(path, O_RDONLY | O_DIRECTORY));
    if (fd.get() < 0) Throw("open", path, errno);
    // Some file systems (FUSE, network) cannot sync a folder and say so with EINVAL.
    if (::fsync(fd.get()) != 0 && errno != EINVAL && errno != ENOTSUP) Throw("sync", path, errno);
  }

  uint64_t FreeBytes(const std::string& directory) const override {
    struct statvfs st {};
    if (::statvfs(directory.c_str(), &st) != 0)
      Throw("look at the file system of", directory, errno);
    uint64_t bytes = 0;
    if (__builtin_mul_overflow(uint64_t{st.f_bavail}, uint64_t{st.f_frsize}, &bytes)) {
      return std::numeric_limits<uint64_t>::max();
    }
    return bytes;
  }

  bool IsSame(const std::string& a, const std::string& b) const override {
    struct stat sa {};
    struct stat sb {};
    return ::stat(a.c_str(), &sa) == 0 && ::stat(b.c_str(), &sb) == 0 && sa.st_dev == sb.st_dev &&
           sa.st_ino == sb.st_ino;
  }

  std::string Resolve(const std::string& path) const override {
    try {
      return std::filesystem::weakly_canonical(std::filesystem::absolute(path)).string();
    } catch (const std::filesystem::filesystem_error& e) {
      Throw("resolve", path, e.code().value());
    }
  }
};

}  // namespace

Files& RealFiles() {
  static Real files;
  return files;
}

}  // namespace rr
