// Which file of a folder is the checkpoint.
#ifndef RULE_RUNNER_IO_MODEL_FOLDER_H_
#define RULE_RUNNER_IO_MODEL_FOLDER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "io/checkpoint.h"
#include "io/files.h"

namespace rr {

struct FolderPick {
  std::string name;  // a .safetensors file or an index in the folder
  bool is_index = false;
  bool is_adapter = false;  // said by the names of the files
};

// By the names of the folder's files alone. nullopt after an error.
std::optional<FolderPick> PickFromFolder(const Files& files, const std::string& folder,
                                         Diagnostics* diagnostics);

// The k and n of "model-0000k-of-0000n.safetensors".
struct ShardNumber {
  int number;
  int count;
};
std::optional<ShardNumber> ShardNumberOf(std::string_view file_name);

// The names of the regular files that are neither weights (in any format) nor indexes nor configs
// nor hidden.
std::vector<std::string> OtherFilesOf(const Files& files, const std::string& folder);

}  // namespace rr

#endif  // RULE_RUNNER_IO_MODEL_FOLDER_H_
