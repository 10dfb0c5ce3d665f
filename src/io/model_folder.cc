#include "io/model_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "io/not_safetensors.h"
#include "io/paths.h"
#include "io/shard_index.h"
#include "io/stored_name.h"

namespace rr {
namespace {

constexpr std::string_view kEnding = ".safetensors";
constexpr std::string_view kModel = "model.safetensors";
constexpr std::string_view kAdapter = "adapter_model.safetensors";

// The trailing digits of `text`, cut off it; -1 when there are none.
int TakeNumber(std::string_view* text) {
  const size_t end = text->find_last_not_of("0123456789") + 1;
  int number = -1;
  std::from_chars(text->data() + end, text->data() + text->size(), number);
  text->remove_suffix(text->size() - end);
  return number;
}

std::vector<std::string> Quoted(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) quoted.push_back(fmt::format("`{}`", name));
  return quoted;
}

struct Contents {
  std::vector<std::string> safetensors;
  std::vector<std::string> indexes;
  std::vector<std::string> foreign;  // weights of other formats
  std::vector<std::string> folders;  // with weights in them; looked for where there are none here
  bool has_adapter_config = false;
  bool has_snapshots = false;

  bool Has(std::string_view name) const {
    return std::find(safetensors.begin(), safetensors.end(), name) != safetensors.end();
  }
};

// Several adapters of a model, or a model beside its adapters.
std::vector<std::string> FoldersWithWeights(const Files& files, const std::string& folder) {
  std::vector<std::string> folders;
  for (const std::string& name : files.List(folder)) {
    const std::string path = JoinPath(folder, name);
    if (name.starts_with(".") || files.KindOf(path) != FileKind::kDirectory) continue;
    const std::vector<std::string> inner = files.List(path);
    if (std::any_of(inner.begin(), inner.end(),
                    [](const std::string& file) { return file.ends_with(kEnding); }))
      folders.push_back(name);
  }
  return folders;
}

Contents LookInto(const Files& files, const std::string& folder) {
  Contents contents;
  for (const std::string& name : files.List(folder)) {
    if (name.starts_with(".")) continue;
    const auto is_file = [&] {
      return files.KindOf(JoinPath(folder, name)) != FileKind::kDirectory;
    };
    if (name.ends_with(kEnding) && is_file()) contents.safetensors.push_back(name);
    if (name.ends_with(kIndexEnding) && is_file()) contents.indexes.push_back(name);
    if (NamedLike(name) && is_file()) contents.foreign.push_back(name);
    contents.has_adapter_config = contents.has_adapter_config || name == "adapter_config.json";
    contents.has_snapshots = contents.has_snapshots || name == "snapshots";
  }
  if (contents.safetensors.empty() && contents.indexes.empty())
    contents.folders = FoldersWithWeights(files, folder);
  return contents;
}

class Picker {
 public:
  Picker(const std::string& folder, const Contents& contents, Diagnostics* diagnostics)
      : folder_(folder), contents_(contents), diagnostics_(diagnostics) {}

  std::optional<FolderPick> Pick() {
    const bool has_model = !contents_.indexes.empty() || contents_.Has(kModel);
    if (contents_.Has(kAdapter) && has_model) {
      return Refuse(
          Code::kNoCheckpoint,
          fmt::format(
              "the folder holds an adapter (`{}`) and a model (`{}`): name the one that is meant",
              kAdapter, contents_.indexes.empty() ? kModel : contents_.indexes.front()));
    }
    if (contents_.Has(kAdapter)) return FolderPick{std::string(kAdapter), false, true};
    if (!contents_.indexes.empty()) return PickIndex();
    return PickFile();
  }

 private:
  std::nullopt_t Refuse(Code code, std::string message, std::string help = "") {
    diagnostics_->Add(code, Place::File(folder_), std::move(message)).help = std::move(help);
    return std::nullopt;
  }

  std::optional<FolderPick> PickIndex() {
    const std::string usual = "model" + std::string(kIndexEnding);
    const auto& indexes = contents_.indexes;
    const bool has_usual = std::find(indexes.begin(), indexes.end(), usual) != indexes.end();
    if (!has_usual && indexes.size() > 1) {
      return Refuse(Code::kBadIndex,
                    fmt::format("the folder has several indexes ({}): name the one that is meant",
                                JoinWords(Quoted(indexes))));
    }
    return FolderPick{has_usual ? usual : indexes.front(), true, false};
  }

  std::optional<FolderPick> PickFile() {
    const auto& names = contents_.safetensors;
    if (names.empty()) return RefuseEmpty();
    for (const std::string& name : names) {
      const auto shard = ShardNumberOf(name);
      if (shard && shard->count != 1 && !contents_.Has(kModel)) {
        return Refuse(
            Code::kBadIndex,
            fmt::format("`{}` is one of {} shards, but their index (`model{}`) is missing", name,
                        shard->count, kIndexEnding),
            "fetch the index; without it nobody can tell whether all tensors are there");
      }
    }
    if (names.size() == 1) return FolderPick{names.front(), false, contents_.has_adapter_config};
    if (!contents_.Has(kModel)) {
      return Refuse(Code::kNoCheckpoint,
                    fmt::format("the folder has several .safetensors files ({}) and no index: name "
                                "the one that is meant",
                                JoinWords(Quoted(names))));
    }
    std::vector<std::string> others;
    for (const std::string& name : names) {
      if (name != kModel) others.push_back(name);
    }
    diagnostics_->Add(Code::kOddFile, Place::File(folder_),
                      fmt::format("`{}` is read; {} beside it {} passed over", kModel,
                                  JoinWords(Quoted(others)), others.size() == 1 ? "is" : "are"));
    return FolderPick{std::string(kModel), false, contents_.has_adapter_config};
  }

  std::nullopt_t RefuseEmpty() {
    if (!contents_.foreign.empty()) {
      const auto other = NamedLike(contents_.foreign.front());
      return Refuse(Code::kNotSafetensors,
                    fmt::format("the folder has no .safetensors file, but `{}`, which is {}",
                                contents_.foreign.front(), other->what),
                    other->help);
    }
    return Refuse(
        Code::kNoCheckpoint, "the folder has no .safetensors file",
        contents_.has_snapshots ? "this is a cache folder: give one of the folders in `snapshots`"
        : contents_.folders.empty() ? ""
                                    : fmt::format("give one of the folders in it: {}",
                                                  JoinWords(Quoted(contents_.folders), 5)));
  }

  const std::string& folder_;
  const Contents& contents_;
  Diagnostics* diagnostics_;
};

}  // namespace

std::optional<ShardNumber> ShardNumberOf(std::string_view file_name) {
  if (!file_name.ends_with(kEnding)) return std::nullopt;
  file_name.remove_suffix(kEnding.size());
  const int count = TakeNumber(&file_name);
  if (count < 0 || !file_name.ends_with("-of-")) return std::nullopt;
  file_name.remove_suffix(4);
  const int number = TakeNumber(&file_name);
  if (number < 0 || !file_name.ends_with("-")) return std::nullopt;
  return ShardNumber{number, count};
}

std::optional<FolderPick> PickFromFolder(const Files& files, const std::string& folder,
                                         Diagnostics* diagnostics) {
  return Picker(folder, LookInto(files, folder), diagnostics).Pick();
}

std::vector<std::string> OtherFilesOf(const Files& files, const std::string& folder) {
  std::vector<std::string> names;
  for (const std::string& name : files.List(folder)) {
    if (name.starts_with(".") || name.ends_with(kEnding) || name.ends_with(".index.json") ||
        NamedLike(name))
      continue;
    if (name == "config.json" || name == "adapter_config.json") continue;
    if (files.KindOf(JoinPath(folder, name)) == FileKind::kFile) names.push_back(name);
  }
  return names;
}

}  // namespace rr
