#include "io/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>

#include "base/text.h"
#include "io/json.h"
#include "io/model_folder.h"
#include "io/not_safetensors.h"
#include "io/paths.h"
#include "io/shard_index.h"

namespace rr {
namespace {

constexpr uint64_t kMaxConfigBytes = 8 << 20;  // real ones have some kilobytes

class Opener {
 public:
  Opener(const Files& files, const std::string& path, Diagnostics* diagnostics)
      : files_(files), diagnostics_(diagnostics) {
    checkpoint_.path = path;
  }

  std::optional<Checkpoint> Open() {
    const std::string& path = checkpoint_.path;
    bool good = false;
    switch (files_.KindOf(path)) {
      case FileKind::kNone:
        Refuse(Code::kNoCheckpoint, "there is no file or folder of this name");
        break;
      case FileKind::kOther:
        Refuse(Code::kNoCheckpoint, "this is neither a regular file nor a folder");
        break;
      case FileKind::kFile:
        good = OpenFile();
        break;
      case FileKind::kDirectory:
        good = OpenFolder();
        break;
    }
    if (!good) return std::nullopt;
    auto& tensors = checkpoint_.tensors;
    const auto by_name = [](const StoredTensor& a, const StoredTensor& b) {
      return a.name < b.name;
    };
    if (!std::is_sorted(tensors.begin(), tensors.end(), by_name)) {
      std::sort(tensors.begin(), tensors.end(), by_name);
    }
    std::vector<std::string> names;
    for (const StoredTensor& tensor : checkpoint_.tensors) names.push_back(tensor.name);
    if (KindOfNames(names) == CheckpointKind::kAdapter) checkpoint_.kind = CheckpointKind::kAdapter;
    good = ReadConfig("config.json", &checkpoint_.config);
    if (checkpoint_.kind == CheckpointKind::kAdapter) {
      good = ReadConfig("adapter_config.json", &checkpoint_.adapter_config) && good;
    }
    if (!good) return std::nullopt;
    return std::move(checkpoint_);
  }

 private:
  bool Refuse(Code code, std::string message, std::string help = "") {
    diagnostics_->Add(code, Place::File(checkpoint_.path), std::move(message)).help =
        std::move(help);
    return false;
  }

  bool OpenFile() {
    const std::string& path = checkpoint_.path;
    const std::string name = BaseNameOf(path);
    checkpoint_.directory = DirectoryOf(path);
    if (name.ends_with(kIndexEnding)) return OpenIndex(name);
    if (const auto other = NamedLike(name))
      return Refuse(Code::kNotSafetensors, fmt::format("this is {}", other->what), other->help);
    if (!LoadFile(files_, path, &checkpoint_, diagnostics_)) return false;
    if (name.starts_with("adapter_model.")) checkpoint_.kind = CheckpointKind::kAdapter;
    const auto shard = ShardNumberOf(name);
    if (shard && shard->count > 1) {
      diagnostics_->Add(
          Code::kOddFile, Place::File(path),
          fmt::format("this is one of {} shards; only its own tensors are read", shard->count));
    }
    return true;
  }

  bool OpenFolder() {
    checkpoint_.directory = checkpoint_.path;
    const auto pick = PickFromFolder(files_, checkpoint_.directory, diagnostics_);
    if (!pick) return false;
    if (pick->is_index) return OpenIndex(pick->name);
    const std::string path = JoinPath(checkpoint_.directory, pick->name);
    if (files_.KindOf(path) != FileKind::kFile) {
      diagnostics_->Add(Code::kNoCheckpoint, Place::File(path),
                        "this is not a regular file, or a link to nothing");
      return false;
    }
    if (!LoadFile(files_, path, &checkpoint_, diagnostics_)) return false;
    if (pick->is_adapter) checkpoint_.kind = CheckpointKind::kAdapter;
    checkpoint_.other_files = OtherFilesOf(files_, checkpoint_.directory);
    return true;
  }

  bool OpenIndex(const std::string& name) {
    if (!LoadShards(files_, name, &checkpoint_, diagnostics_)) return false;
    std::vector<std::string> strays;
    for (const std::string& other : files_.List(checkpoint_.directory)) {
      const std::string path = JoinPath(checkpoint_.directory, other);
      const bool is_shard = std::find(checkpoint_.files.begin(), checkpoint_.files.end(), path) !=
                            checkpoint_.files.end();
      if (other.ends_with(".safetensors") && !other.starts_with(".") && !is_shard)
        strays.push_back("`" + other + "`");
    }
    if (!strays.empty()) {
      diagnostics_->Add(
          Code::kOddFile, Place::File(JoinPath(checkpoint_.directory, name)),
          fmt::format("{} {} not in the index and {} passed over", JoinWords(strays),
                      strays.size() == 1 ? "is" : "are", strays.size() == 1 ? "is" : "are"));
    }
    checkpoint_.other_files = OtherFilesOf(files_, checkpoint_.directory);
    return true;
  }

  // True when it is absent. A config that cannot be read is an error: sizes would be guessed where
  // they are written.
  bool ReadConfig(const std::string& name, std::optional<Value>* out) {
    const std::string path = JoinPath(checkpoint_.directory, name);
    const FileKind kind = files_.KindOf(path);
    if (kind == FileKind::kNone) return true;
    const auto refuse = [&](std::string message) {
      diagnostics_->Add(Code::kBadJson, Place::File(path), std::move(message));
      return false;
    };
    if (kind != FileKind::kFile) return refuse("this is not a regular file");
    const auto text = ReadSmallFile(files_, path, kMaxConfigBytes);
    if (!text) return refuse(fmt::format("the file has more than {}", HumanBytes(kMaxConfigBytes)));
    auto value = ParseJson(path, *text, diagnostics_);
    if (!value) return false;
    if (value->AsMap() == nullptr)
      return refuse(fmt::format("a map is expected, this is {}", TypeName(*value)));
    *out = std::move(value);
    return true;
  }

  const Files& files_;
  Diagnostics* diagnostics_;
  Checkpoint checkpoint_;
};

// PEFT, utils/save_and_load.py save_embedding_layers: what get_input_embeddings and
// get_output_embeddings give, under the names that models have for them.
bool IsEmbedding(const std::string& module) {
  const std::string last = module.substr(module.rfind('.') + 1);
  return last.find("emb") != std::string::npos || last == "wte" || last == "lm_head" ||
         last == "head" || last == "output" || last == "output_layer";
}

}  // namespace

CheckpointKind KindOfNames(const std::vector<std::string>& names) {
  static constexpr std::array<std::string_view, 4> kMarks = {".lora_", "_lora_a", "_lora_b",
                                                             ".adapter."};
  const std::unordered_set<std::string_view> all(names.begin(), names.end());
  size_t factors = 0;
  for (const std::string& name : names) {
    size_t at = std::string::npos;
    for (const std::string_view mark : kMarks) at = std::min(at, name.find(mark));
    if (at == std::string::npos) continue;
    ++factors;
    const std::string module = name.substr(0, at);
    if (IsEmbedding(module)) continue;
    if (all.count(module) > 0 || all.count(module + ".weight") > 0) return CheckpointKind::kWeights;
  }
  const bool most = factors > 0 && factors * 2 >= names.size();
  return most ? CheckpointKind::kAdapter : CheckpointKind::kWeights;
}

const StoredTensor* Checkpoint::Find(const std::string& name) const {
  const auto at = std::lower_bound(
      tensors.begin(), tensors.end(), name,
      [](const StoredTensor& tensor, const std::string& n) { return tensor.name < n; });
  return at != tensors.end() && at->name == name ? &*at : nullptr;
}

uint64_t Checkpoint::TotalBytes() const {
  uint64_t bytes = 0;
  for (const StoredTensor& tensor : tensors) bytes += tensor.size;
  return bytes;
}

std::optional<Checkpoint> OpenCheckpoint(const Files& files, const std::string& path,
                                         Diagnostics* diagnostics) {
  return Opener(files, path, diagnostics).Open();
}

}  // namespace rr
