#include <doctest/doctest.h>
#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "io/checkpoint.h"
#include "io/memory_files.h"
#include "io/output.h"
#include "make_safetensors.h"

namespace rr {
namespace {

OutputTensor Bytes(const std::string& name, int64_t size) { return {name, Dtype::kU8, {size}}; }

std::string JsonOf(const OutputShard& shard) {
  std::string json = shard.header.substr(8);
  return json.substr(0, json.find_last_not_of(' ') + 1);
}

TEST_CASE("the header") {
  const auto layout =
      LayOut({{"b", Dtype::kBF16, {2, 3}}, {"a", Dtype::kF32, {}}, Bytes("e", 0)}, {});
  REQUIRE(layout.shards.size() == 1);
  const OutputShard& shard = layout.shards[0];
  CHECK(shard.name == "model.safetensors");
  CHECK(JsonOf(shard) == R"({"__metadata__":{"format":"pt"},)"
                         R"("b":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},)"
                         R"("a":{"dtype":"F32","shape":[],"data_offsets":[12,16]},)"
                         R"("e":{"dtype":"U8","shape":[0],"data_offsets":[16,16]}})");
  CHECK(shard.header.size() == 4096);
  CHECK(shard.header.substr(0, 8) == std::string("\xf8\x0f\0\0\0\0\0\0", 8));
  CHECK(shard.size == 4096 + 16);
  CHECK(layout.total_bytes == 4096 + 16);
  CHECK(layout.index_json.empty());
  REQUIRE(layout.tensors.size() == 3);
  CHECK(layout.tensors[0].begin == 4096);
  CHECK(layout.tensors[1].begin == 4096 + 12);
  CHECK(layout.tensors[1].size == 4);
  CHECK(layout.tensors[2].begin == 4096 + 16);
  CHECK(layout.tensors[2].size == 0);
}

TEST_CASE("data starts at a multiple of 4096 whatever the names' lengths") {
  for (size_t length = 3900; length < 4200; ++length) {
    const auto layout = LayOut({Bytes(std::string(length, 'n'), 1)}, {});
    CHECK(layout.shards[0].header.size() % 4096 == 0);
    CHECK(layout.tensors[0].begin == layout.shards[0].header.size());
  }
}

TEST_CASE("metadata") {
  const auto json = [](std::vector<std::pair<std::string, std::string>> metadata) {
    OutputOptions options;
    options.metadata = std::move(metadata);
    return JsonOf(LayOut({}, options).shards[0]);
  };
  CHECK(json({}) == R"({"__metadata__":{"format":"pt"}})");
  CHECK(json({{"x", "\"\n"}}) == R"({"__metadata__":{"format":"pt","x":"\"\n"}})");
  CHECK(json({{"x", "1"}, {"format", "mlx"}, {"x", "2"}}) ==
        R"({"__metadata__":{"x":"1","format":"mlx"}})");
}

// The number of the shard of each tensor.
std::vector<uint32_t> ShardsOf(const std::vector<int64_t>& sizes, uint64_t most) {
  std::vector<OutputTensor> tensors;
  for (size_t i = 0; i < sizes.size(); ++i)
    tensors.push_back(Bytes("t" + std::to_string(i), sizes[i]));
  OutputOptions options;
  options.max_shard_bytes = most;
  std::vector<uint32_t> shards;
  for (const OutputPlacement& placement : LayOut(tensors, options).tensors)
    shards.push_back(placement.shard);
  return shards;
}

TEST_CASE("shards") {
  using Shards = std::vector<uint32_t>;
  CHECK(ShardsOf({5, 5}, 10) == Shards{0, 0});
  CHECK(ShardsOf({5, 6}, 10) == Shards{0, 1});
  CHECK(ShardsOf({5, 5, 1}, 10) == Shards{0, 0, 1});
  CHECK(ShardsOf({5, 5, 0}, 10) == Shards{0, 0, 0});
  CHECK(ShardsOf({11}, 10) == Shards{0});
  CHECK(ShardsOf({1, 11, 1}, 10) == Shards{0, 1, 2});  // never reordered
  CHECK(ShardsOf({0, 11}, 10) == Shards{0, 1});
  CHECK(ShardsOf({10, 10, 10}, 10) == Shards{0, 1, 2});
  CHECK(ShardsOf({1, 1}, 0) == Shards{0, 1});
}

TEST_CASE("names of shards and the index") {
  OutputOptions options;
  options.max_shard_bytes = 4;
  const auto layout =
      LayOut({Bytes("b", 4), {"a\"é", Dtype::kI16, {1, 2}}, Bytes("c", 0)}, options);
  REQUIRE(layout.shards.size() == 2);
  CHECK(layout.shards[0].name == "model-00001-of-00002.safetensors");
  CHECK(layout.shards[1].name == "model-00002-of-00002.safetensors");
  CHECK(layout.index_name == "model.safetensors.index.json");
  CHECK(layout.index_json == R"({
  "metadata": {
    "total_parameters": 6,
    "total_size": 8
  },
  "weight_map": {
    "a\"é": "model-00002-of-00002.safetensors",
    "b": "model-00001-of-00002.safetensors",
    "c": "model-00002-of-00002.safetensors"
  }
}
)");
  CHECK(layout.tensors[1].begin == 4096);
  CHECK(layout.total_bytes == 2 * 4100 + layout.index_json.size());
  options.stem = "adapter_model";
  CHECK(LayOut({Bytes("b", 4), Bytes("a", 4)}, options).shards.size() == 1);
}

TEST_CASE("what would not be a valid file is a mistake of the caller") {
  CHECK_THROWS_AS(LayOut({Bytes("a", 1), Bytes("a", 1)}, {}), std::logic_error);
  CHECK_THROWS_AS(LayOut({Bytes("__metadata__", 1)}, {}), std::logic_error);
  CHECK_THROWS_AS(LayOut({{"a", Dtype::kF4, {3}}}, {}), std::logic_error);
  CHECK_THROWS_AS(LayOut({Bytes("a", -1)}, {}), std::logic_error);
}

TEST_CASE("a laid out header reads back") {
  std::vector<OutputTensor> tensors;
  for (int i = 0; i <= static_cast<int>(Dtype::kU64); ++i) {
    const auto dtype = static_cast<Dtype>(i);
    tensors.push_back({fmt::format("x.{}", NameOf(dtype)), dtype, {4, 3}});
  }
  for (const char* name : {"", "\"quoted\" \\ / tab\t", "日本語 😀", "../../etc/passwd", " "}) {
    tensors.push_back({name, Dtype::kF64, {}});
  }
  const auto layout = LayOut(tensors, {});
  MemoryFiles files;
  files.Put("/m.safetensors",
            layout.shards[0].header +
                std::string(layout.shards[0].size - layout.shards[0].header.size(), 'x'));
  Diagnostics diagnostics;
  const auto header = ReadSafetensorsHeader(*files.Open("/m.safetensors"), &diagnostics);
  CHECK(Found(diagnostics).empty());
  REQUIRE(header.has_value());
  REQUIRE(header->tensors.size() == tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    CHECK(header->tensors[i].name == tensors[i].name);
    CHECK(header->tensors[i].dtype == tensors[i].dtype);
    CHECK(header->tensors[i].shape == tensors[i].shape);
    CHECK(header->tensors[i].begin == layout.tensors[i].begin);
    CHECK(header->tensors[i].size == layout.tensors[i].size);
  }
}

}  // namespace
}  // namespace rr
