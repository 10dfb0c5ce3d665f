// Where the tensors of an output lie, and the headers and the index that say so.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string_view>

#include "base/shape.h"
#include "base/value.h"
#include "io/output.h"
#include "io/safetensors_format.h"
#include "io/stored_name.h"

namespace rr {
namespace {

struct Shard {
  std::string entries;  // `"name":{...}`, joined with commas
  uint64_t data_size = 0;
  bool is_empty = true;
};

std::string MetadataJson(const OutputOptions& options) {
  std::string text = fmt::format("\"{}\":{{", kMetadataName);
  std::set<std::string_view> names;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!names.insert(name).second) return;  // the format has each name once; the first wins
    text += fmt::format("{}{}:{}", names.size() > 1 ? "," : "", JsonQuote(name), JsonQuote(value));
  };
  const bool has_format = std::any_of(options.metadata.begin(), options.metadata.end(),
                                      [](const auto& entry) { return entry.first == "format"; });
  if (!has_format) add("format", "pt");  // loaders look for it and some fail without
  for (const auto& [name, value] : options.metadata) add(name, value);
  return text + "}";
}

// The eight length bytes and the JSON, with spaces up to the place where the data starts.
std::string HeaderOf(const std::string& metadata, const Shard& shard) {
  std::string json = fmt::format("{{{}{}{}}}", metadata, shard.is_empty ? "" : ",", shard.entries);
  const uint64_t used = kLengthBytes + json.size();
  json.append((kDataAlignment - used % kDataAlignment) % kDataAlignment, ' ');
  std::string header;
  for (uint64_t n = json.size(), i = 0; i < kLengthBytes; ++i, n >>= 8)
    header += static_cast<char>(n & 0xff);
  return header + json;
}

uint64_t BytesOf(const OutputTensor& tensor) {
  uint64_t bytes = 0;
  if (TensorBytes(tensor.dtype, tensor.shape, &bytes) != SizeProblem::kNone) {
    throw std::logic_error("a tensor for output has no size in bytes: " + tensor.name);
  }
  return bytes;
}

// What only a mistake of ours can bring about; found here, before it becomes a file.
void CheckNames(const std::vector<OutputTensor>& tensors) {
  const auto name_of = [&](size_t i) { return std::string_view(tensors[i].name); };
  if (const auto twice = FindDuplicateName(tensors.size(), name_of)) {
    throw std::logic_error("two tensors for output have one name: " + tensors[*twice].name);
  }
  for (const OutputTensor& tensor : tensors) {
    if (tensor.name == kMetadataName)
      throw std::logic_error("a tensor for output is called __metadata__");
  }
}

std::string ShardName(const std::string& stem, size_t number, size_t count) {
  if (count == 1) return stem + ".safetensors";
  return fmt::format("{}-{:05}-of-{:05}.safetensors", stem, number + 1, count);
}

// As transformers writes it: indented by two, sorted by name, a newline at the end.
std::string IndexJson(const std::vector<OutputTensor>& tensors, const OutputLayout& layout) {
  uint64_t bytes = 0;
  uint64_t parameters = 0;
  std::map<std::string_view, std::string_view> shard_of;
  for (size_t i = 0; i < tensors.size(); ++i) {
    parameters += static_cast<uint64_t>(ElementCount(tensors[i].shape));
    bytes += layout.tensors[i].size;
    shard_of[tensors[i].name] = layout.shards[layout.tensors[i].shard].name;
  }
  std::string text = fmt::format(
      "{{\n  \"metadata\": {{\n    \"total_parameters\": {},\n    \"total_size\": {}\n  }},\n  "
      "\"weight_map\": {{",
      parameters, bytes);
  const char* separator = "\n";
  for (const auto& [name, shard] : shard_of) {
    text += fmt::format("{}    {}: {}", separator, JsonQuote(name), JsonQuote(shard));
    separator = ",\n";
  }
  return text + "\n  }\n}\n";
}

}  // namespace

OutputLayout LayOut(const std::vector<OutputTensor>& tensors, const OutputOptions& options) {
  CheckNames(tensors);
  const bool may_shard = options.stem != "adapter_model";
  const std::string metadata = MetadataJson(options);
  OutputLayout layout;
  std::vector<Shard> shards(1);
  for (const OutputTensor& tensor : tensors) {
    const uint64_t size = BytesOf(tensor);
    const uint64_t used = shards.back().data_size;
    // The second reason: a header that readers refuse, which takes some 700,000 tensors.
    const bool full = used > options.max_shard_bytes || size > options.max_shard_bytes - used ||
                      shards.back().entries.size() > kMaxHeaderBytes / 2;
    if (may_shard && !shards.back().is_empty && full) shards.emplace_back();
    Shard& shard = shards.back();
    if (!shard.is_empty) shard.entries += ',';
    shard.entries +=
        fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                    JsonQuote(tensor.name), NameOf(tensor.dtype), fmt::join(tensor.shape, ","),
                    shard.data_size, shard.data_size + size);
    layout.tensors.push_back({static_cast<uint32_t>(shards.size() - 1), shard.data_size, size});
    shard.data_size += size;
    shard.is_empty = false;
  }
  for (size_t i = 0; i < shards.size(); ++i) {
    std::string header = HeaderOf(metadata, shards[i]);
    const uint64_t size = header.size() + shards[i].data_size;
    layout.total_bytes += size;
    layout.shards.push_back({ShardName(options.stem, i, shards.size()), std::move(header), size});
  }
  for (OutputPlacement& placement : layout.tensors)
    placement.begin += layout.shards[placement.shard].header.size();
  layout.index_name = options.stem + ".safetensors.index.json";
  if (layout.shards.size() > 1) layout.index_json = IndexJson(tensors, layout);
  layout.total_bytes += layout.index_json.size();
  return layout;
}

}  // namespace rr
