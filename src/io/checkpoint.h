// A checkpoint as it lies on disk: which tensors, of which dtype and shape, in which bytes of which
// file.
//
// Enters: a path. Leaves: a `Checkpoint`, checked by the whole safetensors specification (the text
// and the reference reader of safetensors 0.8) before anybody reads a tensor. Stricter than the
// reference where the format's text is (duplicate names, entries that are not objects).
#ifndef RULE_RUNNER_IO_CHECKPOINT_H_
#define RULE_RUNNER_IO_CHECKPOINT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/checkpoint_kind.h"
#include "base/diagnostic.h"
#include "base/dtype.h"
#include "base/value.h"
#include "io/files.h"

namespace rr {

struct StoredTensor {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<int64_t> shape;  // elements
  uint32_t file = 0;           // index into Checkpoint::files
  uint64_t begin = 0;          // bytes from the start of the file
  uint64_t size = 0;           // bytes
};

// An adapter when most tensors are named as low-rank factors (PEFT, MaxText, Megatron) and none of
// the weights under them is there: a file of weights that carries its factors along is a model.
// Embeddings and heads do not count: PEFT saves those that it adapts with their factors.
CheckpointKind KindOfNames(const std::vector<std::string>& names);

struct Checkpoint {
  std::string path;  // as the user gave it
  CheckpointKind kind = CheckpointKind::kWeights;
  std::string directory;           // the folder that holds the files
  std::vector<std::string> files;  // paths of the .safetensors files, in the order of their names
  std::vector<StoredTensor> tensors;  // sorted by name, names unique
  // __metadata__ of all files; the first value of a name wins.
  std::vector<std::pair<std::string, std::string>> metadata;
  std::optional<Value> config;          // config.json beside it
  std::optional<Value> adapter_config;  // adapter_config.json beside it, when it is an adapter
  // Names of the other files of a model folder (tokenizer and so on), sorted. Weights of any
  // format, indexes, the configs and hidden files are not among them; empty when a single file was
  // given.
  std::vector<std::string> other_files;

  const StoredTensor* Find(const std::string& name) const;
  uint64_t TotalBytes() const;
};

// Opens a .safetensors file, a folder with model.safetensors.index.json, a folder with one
// .safetensors file, or an adapter folder (adapter_config.json or adapter_model.safetensors); also
// an index file by its name. nullopt after an error in `diagnostics`; unusual but usable things are
// warnings (RR415). Symbolic links are followed for reading (the Hugging Face cache is made of
// them).
std::optional<Checkpoint> OpenCheckpoint(const Files& files, const std::string& path,
                                         Diagnostics* diagnostics);

// The tensors of one safetensors file. The errors name the file, the tensor and the rule that is
// broken.
struct SafetensorsHeader {
  std::vector<StoredTensor> tensors;  // file = 0; in the order of the header
  std::vector<std::pair<std::string, std::string>> metadata;
};
std::optional<SafetensorsHeader> ReadSafetensorsHeader(const InputFile& file,
                                                       Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_IO_CHECKPOINT_H_
