#include "io/destination.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "io/paths.h"

namespace rr {
namespace {

class Checker {
 public:
  Checker(const Files& files, const Destination& destination, Diagnostics* diagnostics)
      : files_(files), destination_(destination), diagnostics_(diagnostics) {}

  bool CheckName() {
    const std::string& name = destination_.name;
    if (name.empty() || name == "." || name == "..")
      return Refuse("the destination needs a name of its own");
    if (name == ".safetensors") return Refuse("the destination has no name before `.safetensors`");
    const FileKind kind = files_.KindOf(destination_.parent);
    if (kind == FileKind::kDirectory) return true;
    return Refuse(fmt::format("the folder `{}` {}", destination_.parent,
                              kind == FileKind::kNone ? "does not exist" : "is not a folder"));
  }

  // Refuses a destination that is the source, lies inside it, or holds it. By resolved paths, and
  // by identity for names that no path shows (hard links).
  bool CheckSource(const std::string& source) {
    if (source.empty()) return true;  // made from nothing: synth
    if (files_.IsSame(destination_.path, source))
      return Refuse("the destination is the source itself");
    const std::string from = files_.Resolve(source);
    const std::string entry = JoinPath(files_.Resolve(destination_.parent), destination_.name);
    if (files_.KindOf(source) == FileKind::kDirectory && LiesBelow(entry, from)) {
      return Refuse("the destination lies inside the source");
    }
    for (const std::string& to : {entry, files_.Resolve(destination_.path)}) {
      if (LiesBelow(from, to)) return Refuse("the destination holds the source");
    }
    if (files_.KindOf(source) != FileKind::kDirectory) return true;
    // A folder of links (a download cache) has its bytes elsewhere: perhaps in the folder that
    // would be replaced.
    for (const std::string& name : files_.List(source)) {
      const std::string path = JoinPath(source, name);
      if (files_.IsSame(path, destination_.path) ||
          LiesBelow(files_.Resolve(path), files_.Resolve(destination_.path))) {
        return Refuse(fmt::format("the destination holds `{}` of the source", name));
      }
    }
    return true;
  }

  bool CheckExisting(bool force) {
    if (!IsTaken(files_, destination_)) return true;
    if (!force) return Refuse("the destination exists; --force replaces it");
    const FileKind kind = files_.KindOf(destination_.path);
    if (kind == FileKind::kOther) return Refuse("the destination is a device, a pipe or the like");
    if (destination_.one_file && kind == FileKind::kDirectory)
      return Refuse("the destination is a folder, one file is to be written");
    if (!destination_.one_file && kind == FileKind::kFile)
      return Refuse("the destination is a file, a folder is to be written");
    // --force replaces a checkpoint by another; it is no way to remove a home directory.
    if (kind == FileKind::kDirectory) {
      const auto names = files_.List(destination_.path);
      const bool has_weights = std::any_of(names.begin(), names.end(), [](const std::string& n) {
        return n.ends_with(".safetensors");
      });
      if (!names.empty() && !has_weights) {
        return Refuse(
            "the destination is a folder with other things than a checkpoint; remove it yourself "
            "if it may go");
      }
    }
    return true;
  }

 private:
  bool Refuse(std::string message) {
    diagnostics_->Add(Code::kBadDestination, Place::File(destination_.path), std::move(message));
    return false;
  }

  const Files& files_;
  const Destination& destination_;
  Diagnostics* diagnostics_;
};

}  // namespace

Destination DestinationOf(const std::string& path) {
  Destination destination;
  destination.path = path;
  while (destination.path.size() > 1 && destination.path.back() == '/') destination.path.pop_back();
  destination.parent = DirectoryOf(destination.path);
  destination.name = BaseNameOf(destination.path);
  destination.one_file = destination.name.ends_with(".safetensors");
  return destination;
}

bool IsTaken(const Files& files, const Destination& destination) {
  if (files.KindOf(destination.path) != FileKind::kNone) return true;
  const auto names = files.List(destination.parent);  // a link to nothing has no kind, but a name
  return std::binary_search(names.begin(), names.end(), destination.name);
}

bool CheckDestination(const Files& files, const Destination& destination,
                      const std::string& source_path, bool force, Diagnostics* diagnostics) {
  Checker checker(files, destination, diagnostics);
  return checker.CheckName() && checker.CheckSource(source_path) && checker.CheckExisting(force);
}

bool CheckSpace(const Files& files, const Destination& destination, uint64_t bytes,
                Diagnostics* diagnostics) {
  const uint64_t free = files.FreeBytes(destination.parent);
  if (free >= bytes) return true;
  diagnostics->Add(Code::kNotEnoughSpace, Place::File(destination.path),
                   fmt::format("{} are needed, {} are free in `{}`", HumanBytes(bytes),
                               HumanBytes(free), destination.parent));
  return false;
}

}  // namespace rr
