#include <algorithm>

#include "io/files.h"

namespace rr {

std::optional<std::string> ReadSmallFile(const Files& files, const std::string& path,
                                         uint64_t limit) {
  const auto file = files.Open(path);
  if (file->size() > limit) return std::nullopt;
  std::string text(file->size(), '\0');
  file->ReadAt(0, std::as_writable_bytes(std::span(text)));
  return text;
}

void WriteSmallFile(Files& files, const std::string& path, std::string_view text) {
  const auto file = files.Create(path);
  file->WriteAt(0, std::as_bytes(std::span(text)));
  file->Sync();
}

}  // namespace rr
