#include "bind/key_rename.h"

#include <fmt/format.h>

#include <unordered_map>

namespace rr {

std::optional<std::string> Renamed(const KeyRename& rename, std::string_view key) {
  const auto with = [&](size_t at) {
    return std::string(key.substr(0, at)) + rename.to +
           std::string(key.substr(at + rename.from.size()));
  };
  if (rename.prefix) {
    if (!key.starts_with(rename.from)) return std::nullopt;
    return with(0);
  }
  for (size_t at = key.find(rename.from); at != std::string_view::npos;
       at = key.find(rename.from, at + 1)) {
    const size_t end = at + rename.from.size();
    if ((at == 0 || key[at - 1] == '.') && (end == key.size() || key[end] == '.')) return with(at);
  }
  return std::nullopt;
}

bool RenameKeys(const std::vector<KeyRename>& renames, std::vector<std::string>* keys,
                Diagnostics* diagnostics) {
  bool good = true;
  for (const KeyRename& rename : renames) {
    size_t renamed = 0;
    for (std::string& key : *keys) {
      std::optional<std::string> name = Renamed(rename, key);
      if (!name) continue;
      key = std::move(*name);
      ++renamed;
    }
    if (renamed > 0) continue;
    Diagnostic& d = diagnostics->Add(
        Code::kBadRename, {},
        fmt::format("{} applies to none of the {} keys", FlagOf(rename), keys->size()));
    if (!keys->empty()) d.help = fmt::format("one of them is {}", keys->front());
    good = false;
  }
  std::unordered_map<std::string_view, size_t> seen;
  for (size_t i = 0; i < keys->size(); ++i) {
    if (seen.emplace((*keys)[i], i).second) continue;
    diagnostics->Add(Code::kBadRename, {},
                     fmt::format("two keys would both be read as {}", (*keys)[i]));
    return false;
  }
  return good;
}

std::string FlagOf(const KeyRename& rename) {
  return fmt::format("--{} {}={}", rename.prefix ? "prefix" : "rename", rename.from, rename.to);
}

}  // namespace rr
