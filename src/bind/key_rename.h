// Keys of a source read under other names: `--prefix OLD=NEW` and `--rename OLD=NEW`.
#ifndef RULE_RUNNER_BIND_KEY_RENAME_H_
#define RULE_RUNNER_BIND_KEY_RENAME_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace rr {

struct KeyRename {
  std::string from, to;
  // The text that the key begins with. Otherwise whole names between dots, the first such run.
  bool prefix = false;
};

// The new name; nullopt where the rename does not apply.
std::optional<std::string> Renamed(const KeyRename& rename, std::string_view key);

// Applies the renames in order. RR424 when one applies to no key, or two keys become the same.
bool RenameKeys(const std::vector<KeyRename>& renames, std::vector<std::string>* keys,
                Diagnostics* diagnostics);

// The flag of the command line that means it: "--prefix model.=base_model.model.model.".
std::string FlagOf(const KeyRename& rename);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_KEY_RENAME_H_
