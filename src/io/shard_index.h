// model.safetensors.index.json: which tensor is in which file of the folder.
#ifndef RULE_RUNNER_IO_SHARD_INDEX_H_
#define RULE_RUNNER_IO_SHARD_INDEX_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "io/checkpoint.h"
#include "io/files.h"

namespace rr {

inline constexpr std::string_view kIndexEnding = ".safetensors.index.json";

struct ShardIndex {
  std::vector<std::string> shards;  // names inside the folder, sorted, each once
  std::vector<std::pair<std::string, uint32_t>> tensors;  // sorted by name: a tensor and its shard
  std::string total_size;  // as it is written; empty when it is absent
};

// Every shard name is a path inside the folder by its text alone: no "..", nothing absolute, no
// NUL. Errors: RR421 for bad JSON, RR413 for the rest, RR412 for shards that are pickles.
std::optional<ShardIndex> ReadShardIndex(const std::string& path, const std::string& text,
                                         Diagnostics* diagnostics);

// Fills files, tensors and metadata from the index file `index_name` in checkpoint->directory. The
// shards must hold exactly what the index says. False after an error.
bool LoadShards(const Files& files, const std::string& index_name, Checkpoint* checkpoint,
                Diagnostics* diagnostics);

// Adds one file's tensors and metadata to the checkpoint; `path` becomes the last of its files.
// False after an error.
bool LoadFile(const Files& files, const std::string& path, Checkpoint* checkpoint,
              Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_IO_SHARD_INDEX_H_
