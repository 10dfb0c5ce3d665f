#include "lint/overlay_files.h"

#include <stdexcept>
#include <utility>

namespace rr {
namespace {

[[noreturn]] void Refuse() { throw std::logic_error("files that are only read are changed"); }

}  // namespace

OverlayFiles::OverlayFiles(const Files& below, std::string path, std::string_view text)
    : below_(below), path_(std::move(path)) {
  text_.Put(path_, text);
}

FileKind OverlayFiles::KindOf(const std::string& path) const {
  return path == path_ ? FileKind::kFile : below_.KindOf(path);
}
std::vector<std::string> OverlayFiles::List(const std::string& directory) const {
  return below_.List(directory);
}
std::unique_ptr<InputFile> OverlayFiles::Open(const std::string& path) const {
  return path == path_ ? text_.Open(path) : below_.Open(path);
}
uint64_t OverlayFiles::FreeBytes(const std::string& directory) const {
  return below_.FreeBytes(directory);
}
bool OverlayFiles::IsSame(const std::string& a, const std::string& b) const {
  return a == b || below_.IsSame(a, b);
}
std::string OverlayFiles::Resolve(const std::string& path) const { return below_.Resolve(path); }

std::unique_ptr<OutputFile> OverlayFiles::Create(const std::string&) { Refuse(); }
void OverlayFiles::MakeDirectory(const std::string&) { Refuse(); }
void OverlayFiles::Rename(const std::string&, const std::string&) { Refuse(); }
void OverlayFiles::RemoveAll(const std::string&) { Refuse(); }
void OverlayFiles::SyncDirectory(const std::string&) { Refuse(); }

}  // namespace rr
