// A checkpoint being written: complete under its final name, or absent.
//
// Enters: the names, dtypes and shapes of all tensors. Headers, offsets and the index are laid out
// first, free space is checked, everything is written beside the final name, synced, and renamed at
// the end. An `OutputCheckpoint` that is destroyed before Publish() leaves nothing behind. Input
// files are never opened for writing.
#ifndef RULE_RUNNER_IO_OUTPUT_H_
#define RULE_RUNNER_IO_OUTPUT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "base/dtype.h"
#include "io/files.h"
#include "io/tensor_io.h"

namespace rr {

struct OutputTensor {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<int64_t> shape;
};

// Where every tensor lies: pure arithmetic, no file is touched.
struct OutputShard {
  std::string name;  // "model.safetensors", "model-00001-of-00003.safetensors"
  // The 8 length bytes and the JSON, padded so that the data starts at a multiple of 4096.
  std::string header;
  uint64_t size = 0;  // whole file
};
struct OutputPlacement {
  uint32_t shard = 0;
  uint64_t begin = 0;  // bytes from the start of the shard file
  uint64_t size = 0;
};
struct OutputLayout {
  std::vector<OutputShard> shards;
  std::vector<OutputPlacement> tensors;  // in the order given
  std::string index_name;                // "model.safetensors.index.json"
  std::string index_json;                // empty when there is one shard
  uint64_t total_bytes = 0;              // files as a whole, the index included
};

struct OutputOptions {
  // As transformers 4 and huggingface_hub; a larger tensor has its own shard.
  uint64_t max_shard_bytes = 5'000'000'000;
  std::string stem = "model";  // "adapter_model" for adapters (never sharded)
  // {"format": "pt"} is added when it has no format.
  std::vector<std::pair<std::string, std::string>> metadata;
};

// Tensors keep the given order within the data: that is the order in which they are laid out and
// sharded. Names must differ and sizes be whole bytes (std::logic_error). A single-file destination
// needs `max_shard_bytes` as large as all.
OutputLayout LayOut(const std::vector<OutputTensor>& tensors, const OutputOptions& options);

class OutputCheckpoint : public TensorWriter {
 public:
  // `destination` ends in ".safetensors": one file (the layout must have one shard). Otherwise a
  // folder. Refused (nullptr and an error): the destination exists and `force` is not set, is or
  // lies inside the source, its parent folder does not exist, or the file system has too little
  // free space for `layout.total_bytes` (+ `other_bytes`). With `force`, too: a file where a folder
  // is to be or the reverse, a folder that is not empty and holds no checkpoint.
  static std::unique_ptr<OutputCheckpoint> Create(Files& files, const std::string& destination,
                                                  OutputLayout layout,
                                                  const std::string& source_path, bool force,
                                                  uint64_t other_bytes, Diagnostics* diagnostics);
  ~OutputCheckpoint() override;

  void Write(uint32_t index, uint64_t offset, std::span<const std::byte> data) override;
  // Beside the tensors, folders only: a small file's text, or a copy of a file. In a one-file
  // destination they do nothing.
  void AddFile(const std::string& name, std::string_view text);
  void CopyFile(const std::string& from, const std::string& name);
  // Syncs everything and gives it its final name.
  void Publish();

 private:
  struct State;
  explicit OutputCheckpoint(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rr

#endif  // RULE_RUNNER_IO_OUTPUT_H_
