// Reading the shards that an index names, and holding what they have against what it says.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "io/paths.h"
#include "io/shard_index.h"
#include "io/stored_name.h"

namespace rr {
namespace {

constexpr uint64_t kMaxIndexBytes = 100'000'000;

// Tensors of one shard with one problem: how many, and the first few.
class NameList {
 public:
  void Add(std::string_view name) {
    if (names_.size() < 3) names_.push_back(ShowName(name));
    ++count_;
  }
  size_t count() const { return count_; }
  std::string ToString() const {
    std::string text = fmt::format("{}", fmt::join(names_, ", "));
    if (count_ > names_.size())
      text += fmt::format(" and {} more", WithCommas(count_ - names_.size()));
    return text;
  }

 private:
  std::vector<std::string> names_;
  size_t count_ = 0;
};

// `tensors` and `index.tensors` are sorted by name. Every pair (tensor, shard) must be in both.
bool CheckAgainstIndex(const ShardIndex& index, const std::string& index_path,
                       const Checkpoint& checkpoint, Diagnostics* diagnostics) {
  std::vector<NameList> lacks(index.shards.size());
  std::vector<NameList> extra(index.shards.size());
  auto stored = checkpoint.tensors.begin();
  auto listed = index.tensors.begin();
  while (stored != checkpoint.tensors.end() || listed != index.tensors.end()) {
    int order = 0;
    if (stored == checkpoint.tensors.end()) {
      order = 1;
    } else if (listed == index.tensors.end()) {
      order = -1;
    } else {
      order = stored->name.compare(listed->first);
      if (order == 0 && stored->file != listed->second)
        order = stored->file < listed->second ? -1 : 1;
    }
    if (order < 0) extra[stored->file].Add(stored->name);
    if (order > 0) lacks[listed->second].Add(listed->first);
    if (order <= 0) ++stored;
    if (order >= 0) ++listed;
  }
  bool good = true;
  for (size_t i = 0; i < index.shards.size(); ++i) {
    const auto add = [&](const NameList& names, std::string_view says) {
      if (names.count() == 0) return;
      diagnostics
          ->Add(Code::kBadIndex, Place::File(checkpoint.files[i]),
                fmt::format("{}: {}", says, names.ToString()))
          .notes.push_back({Place::File(index_path), "the index"});
      good = false;
    };
    add(lacks[i], "the file lacks tensors that the index places in it");
    add(extra[i], "the file holds tensors that the index does not place in it");
  }
  return good;
}

void CheckTotalSize(const ShardIndex& index, const std::string& index_path,
                    const Checkpoint& checkpoint, Diagnostics* diagnostics) {
  const uint64_t bytes = checkpoint.TotalBytes();
  if (index.total_size.empty() || index.total_size == fmt::to_string(bytes)) return;
  diagnostics->Add(Code::kOddFile, Place::File(index_path),
                   fmt::format("`total_size` is {}, but the tensors have {} bytes; passed over",
                               index.total_size, bytes));
}

}  // namespace

bool LoadFile(const Files& files, const std::string& path, Checkpoint* checkpoint,
              Diagnostics* diagnostics) {
  const auto number = static_cast<uint32_t>(checkpoint->files.size());
  checkpoint->files.push_back(path);
  auto header = ReadSafetensorsHeader(*files.Open(path), diagnostics);
  if (!header) return false;
  for (StoredTensor& tensor : header->tensors) tensor.file = number;
  auto& tensors = checkpoint->tensors;
  if (tensors.empty()) {
    tensors = std::move(header->tensors);
  } else {
    tensors.insert(tensors.end(), std::make_move_iterator(header->tensors.begin()),
                   std::make_move_iterator(header->tensors.end()));
  }
  auto& metadata = checkpoint->metadata;
  for (auto& entry : header->metadata) {
    const bool known = std::any_of(metadata.begin(), metadata.end(),
                                   [&](const auto& other) { return other.first == entry.first; });
    if (!known) metadata.push_back(std::move(entry));
  }
  return true;
}

bool LoadShards(const Files& files, const std::string& index_name, Checkpoint* checkpoint,
                Diagnostics* diagnostics) {
  const std::string index_path = JoinPath(checkpoint->directory, index_name);
  if (files.KindOf(index_path) != FileKind::kFile) {
    diagnostics->Add(Code::kBadIndex, Place::File(index_path), "the index is not a regular file");
    return false;
  }
  const auto text = ReadSmallFile(files, index_path, kMaxIndexBytes);
  if (!text) {
    diagnostics->Add(Code::kBadIndex, Place::File(index_path),
                     fmt::format("the index has more than {}", HumanBytes(kMaxIndexBytes)));
    return false;
  }
  const auto index = ReadShardIndex(index_path, *text, diagnostics);
  if (!index) return false;
  bool good = true;
  for (const std::string& shard : index->shards) {
    const std::string path = JoinPath(checkpoint->directory, shard);
    const FileKind kind = files.KindOf(path);
    if (kind == FileKind::kFile) {
      good = LoadFile(files, path, checkpoint, diagnostics) && good;
      continue;
    }
    good = false;
    diagnostics->Add(Code::kBadIndex, Place::File(path),
                     fmt::format("the index names {}, which {}", ShowName(shard),
                                 kind == FileKind::kNone ? "is missing" : "is not a regular file"));
  }
  if (!good) return false;
  std::sort(checkpoint->tensors.begin(), checkpoint->tensors.end(),
            [](const StoredTensor& a, const StoredTensor& b) {
              const int order = a.name.compare(b.name);
              return order != 0 ? order < 0 : a.file < b.file;
            });
  if (!CheckAgainstIndex(*index, index_path, *checkpoint, diagnostics)) return false;
  CheckTotalSize(*index, index_path, *checkpoint, diagnostics);
  return true;
}

}  // namespace rr
