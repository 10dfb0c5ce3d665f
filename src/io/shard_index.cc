#include "io/shard_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "io/json.h"
#include "io/json_reader.h"
#include "io/not_safetensors.h"
#include "io/stored_name.h"

namespace rr {
namespace {

// What is wrong with a shard's name, or "".
std::string_view ProblemOfShardName(std::string_view name) {
  if (name.empty()) return "is empty";
  if (HasControlCharacter(name)) return "has a NUL or another control character";
  if (name.front() == '/') return "is an absolute path; shards lie in the folder of the index";
  if (name.find('\\') != std::string_view::npos) return "has a backslash";
  if (name.find(':') != std::string_view::npos)
    return "looks like a URL or a drive; shards lie in the folder of the index";
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part == "..") return "leads out of the folder of the index";
    if (part.empty() || part == ".") return "is not a plain path to a file";
    begin = end + 1;
  }
  return "";
}

class Parser {
 public:
  Parser(const std::string& path, const std::string& text, Diagnostics* diagnostics)
      : path_(path), text_(text), diagnostics_(diagnostics), reader_(text) {}

  std::optional<ShardIndex> Parse() {
    if (reader_.Peek() == JsonReader::Kind::kList)
      return Refuse(Code::kBadIndex, "the index must be a map with `weight_map`");
    std::string name;
    bool has_weight_map = false;
    bool has_metadata = false;
    reader_.EnterMap();
    while (!refused_ && reader_.NextMember(&name)) {
      if (name == "weight_map") {
        if (std::exchange(has_weight_map, true))
          return Refuse(Code::kBadIndex, "`weight_map` is there twice");
        ReadWeightMap();
      } else if (name == "metadata") {
        if (std::exchange(has_metadata, true))
          return Refuse(Code::kBadIndex, "`metadata` is there twice");
        ReadMetadata();
      } else {
        reader_.SkipValue();
      }
    }
    if (refused_) return std::nullopt;
    reader_.ExpectEnd();
    if (reader_.failed()) {
      return Refuse(Code::kBadJson,
                    fmt::format("{}: {}", WhereInJson(text_, reader_.offset()), reader_.error()));
    }
    if (!has_weight_map) return Refuse(Code::kBadIndex, "the index has no `weight_map`");
    if (index_.tensors.empty())
      return Refuse(Code::kBadIndex, "`weight_map` is empty: the index names no tensor");
    return Finish();
  }

 private:
  std::nullopt_t Refuse(Code code, std::string message) {
    refused_ = true;
    diagnostics_->Add(code, Place::File(path_), std::move(message));
    return std::nullopt;
  }

  void ReadWeightMap() {
    if (reader_.Peek() != JsonReader::Kind::kMap) {
      if (reader_.Peek() == JsonReader::Kind::kNone)
        reader_.EnterMap();  // cut short: bad JSON rather than a wrong type
      if (!reader_.failed())
        Refuse(Code::kBadIndex, "`weight_map` must be a map from tensors to files");
      return;
    }
    reader_.EnterMap();
    std::string tensor;
    std::string shard;
    while (reader_.NextMember(&tensor)) {
      if (reader_.Peek() == JsonReader::Kind::kNone) {
        reader_.SkipValue();
        return;
      }
      if (reader_.Peek() != JsonReader::Kind::kString) {
        Refuse(Code::kBadIndex,
               fmt::format("`weight_map`: the file of tensor {} must be text", ShowName(tensor)));
        return;
      }
      if (!reader_.ReadString(&shard)) return;
      const auto [entry, is_new] = numbers_.emplace(shard, static_cast<uint32_t>(numbers_.size()));
      if (is_new && !CheckShardName(tensor, shard)) return;
      index_.tensors.emplace_back(tensor, entry->second);
    }
  }

  bool CheckShardName(const std::string& tensor, const std::string& shard) {
    const std::string_view problem = ProblemOfShardName(shard);
    if (!problem.empty()) {
      Refuse(Code::kBadIndex, fmt::format("the file of tensor {}, {}, {}", ShowName(tensor),
                                          ShowName(shard), problem));
      return false;
    }
    if (const auto other = NamedLike(shard)) {
      Refuse(Code::kNotSafetensors,
             fmt::format("the index names {}, which is {}", ShowName(shard), other->what));
      return false;
    }
    return true;
  }

  void ReadMetadata() {
    if (reader_.Peek() != JsonReader::Kind::kMap) {
      reader_.SkipValue();
      return;
    }
    reader_.EnterMap();
    std::string name;
    while (reader_.NextMember(&name)) {
      std::string_view token;
      if (name == "total_size" && reader_.Peek() == JsonReader::Kind::kNumber &&
          reader_.ReadNumber(&token)) {
        if (!index_.total_size.empty())
          return void(Refuse(Code::kBadIndex, "`total_size` is there twice"));
        index_.total_size = token;
      } else {
        reader_.SkipValue();
      }
    }
  }

  // Numbers the shards by their names and sorts the tensors.
  std::optional<ShardIndex> Finish() {
    std::vector<uint32_t> new_number(numbers_.size());
    for (const auto& [shard, number] : numbers_) {
      new_number[number] = static_cast<uint32_t>(index_.shards.size());
      index_.shards.push_back(shard);
    }
    for (auto& [tensor, shard] : index_.tensors) shard = new_number[shard];
    if (!std::is_sorted(index_.tensors.begin(), index_.tensors.end())) {
      std::sort(index_.tensors.begin(), index_.tensors.end());
    }
    const auto twice =
        std::adjacent_find(index_.tensors.begin(), index_.tensors.end(),
                           [](const auto& a, const auto& b) { return a.first == b.first; });
    if (twice != index_.tensors.end()) {
      return Refuse(Code::kBadIndex,
                    fmt::format("`weight_map` has tensor {} twice", ShowName(twice->first)));
    }
    return std::move(index_);
  }

  const std::string& path_;
  const std::string& text_;
  Diagnostics* diagnostics_;
  JsonReader reader_;
  bool refused_ = false;
  ShardIndex index_;
  std::map<std::string, uint32_t> numbers_;  // shards in the order in which they were met
};

}  // namespace

std::optional<ShardIndex> ReadShardIndex(const std::string& path, const std::string& text,
                                         Diagnostics* diagnostics) {
  return Parser(path, text, diagnostics).Parse();
}

}  // namespace rr
