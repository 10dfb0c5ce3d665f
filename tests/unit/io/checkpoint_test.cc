// Which checkpoint a path stands for, on files in memory.
#include "io/checkpoint.h"

#include <doctest/doctest.h>

#include <string>

#include "io/memory_files.h"
#include "make_safetensors.h"

namespace rr {
namespace {

const std::string kIndex = "model.safetensors.index.json";
const std::string kShard1 = "model-00001-of-00002.safetensors";
const std::string kShard2 = "model-00002-of-00002.safetensors";

struct Folder {
  MemoryFiles files;
  Diagnostics diagnostics;

  void Put(const std::string& name, std::string_view text) { files.Put("/m/" + name, text); }
  void PutShards(const std::string& weight_map) {
    Put(kShard1, SmallFile({"a"}));
    Put(kShard2, SmallFile({"b", "c"}));
    Put(kIndex, R"({"weight_map":)" + weight_map + "}");
  }
  std::optional<Checkpoint> Open(const std::string& path = "/m") {
    diagnostics = {};
    auto checkpoint = OpenCheckpoint(files, path, &diagnostics);
    CHECK(checkpoint.has_value() == !diagnostics.HasErrors());
    return checkpoint;
  }
  Lines Found() const { return rr::Found(diagnostics); }
};

const std::string kGoodMap =
    R"({"c":"model-00002-of-00002.safetensors",)"
    R"("a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"})";

TEST_CASE("a folder with one file") {
  Folder folder;
  folder.Put("model.safetensors", SmallFile({"b", "a"}));
  folder.Put("config.json", R"({"model_type": "x"})");
  folder.Put("tokenizer.json", "{}");
  folder.Put("README.md", "");
  folder.Put(".gitattributes", "");
  folder.Put("pytorch_model.bin", "");
  folder.Put("pytorch_model.bin.index.json", "");
  folder.Put("sub/more.json", "");
  const auto checkpoint = folder.Open();
  REQUIRE(checkpoint.has_value());
  CHECK(folder.Found().empty());
  CHECK(checkpoint->kind == CheckpointKind::kWeights);
  CHECK(checkpoint->path == "/m");
  CHECK(checkpoint->directory == "/m");
  CHECK(checkpoint->files == Lines{"/m/model.safetensors"});
  CHECK(checkpoint->other_files == Lines{"README.md", "tokenizer.json"});
  REQUIRE(checkpoint->config.has_value());
  CHECK(ToJson(*checkpoint->config) == R"({"model_type": "x"})");
  REQUIRE(checkpoint->tensors.size() == 2);
  CHECK(checkpoint->tensors[0].name == "a");
  CHECK(checkpoint->Find("b") == &checkpoint->tensors[1]);
  CHECK(checkpoint->Find("c") == nullptr);
  CHECK(checkpoint->TotalBytes() == 4);
  CHECK(folder.Open("/m/")->files == Lines{"/m/model.safetensors"});
}

TEST_CASE("a file by its name") {
  Folder folder;
  folder.Put("x.safetensors", SmallFile({"a"}));
  folder.Put("config.json", R"({"n": 1})");
  folder.Put("tokenizer.json", "{}");
  const auto checkpoint = folder.Open("/m/x.safetensors");
  REQUIRE(checkpoint.has_value());
  CHECK(checkpoint->directory == "/m");
  CHECK(checkpoint->files == Lines{"/m/x.safetensors"});
  CHECK(checkpoint->config.has_value());
  CHECK(checkpoint->other_files.empty());
  folder.files.Put("/y.safetensors", SmallFile({"a"}));
  CHECK(folder.Open("y.safetensors")->directory == ".");
  folder.Put(kShard1, SmallFile({"a"}));
  CHECK(folder.Open("/m/" + kShard1).has_value());
  CHECK(folder.Found() == Lines{"RR415 this is one of 2 shards; only its own tensors are read"});
}

TEST_CASE("other formats are refused by their names") {
  Folder folder;
  folder.Put("pytorch_model.bin", SmallFile({"a"}));
  CHECK(!folder.Open("/m/pytorch_model.bin"));
  CHECK(folder.Found() == Lines{"RR412 this is a PyTorch file (a pickle)"});
  CHECK(!folder.Open());
  CHECK(folder.Found() ==
        Lines{"RR412 the folder has no .safetensors file, but `pytorch_model.bin`, "
              "which is a PyTorch file (a pickle)"});
}

TEST_CASE("nothing to open") {
  Folder folder;
  CHECK(!folder.Open());
  CHECK(folder.Found() == Lines{"RR414 there is no file or folder of this name"});
  folder.Put("snapshots/abc/model.safetensors", SmallFile({"a"}));
  CHECK(!folder.Open());
  CHECK(folder.Found() == Lines{"RR414 the folder has no .safetensors file"});
  CHECK(folder.diagnostics.all()[0].help ==
        "this is a cache folder: give one of the folders in `snapshots`");
}

TEST_CASE("a folder of several adapters") {
  Folder folder;
  folder.Put("poems/adapter_model.safetensors", SmallFile({"a"}));
  folder.Put("prose/adapter_model.safetensors", SmallFile({"a"}));
  folder.Put("logs/run.txt", SmallFile({"a"}));
  CHECK(!folder.Open());
  CHECK(folder.Found() == Lines{"RR414 the folder has no .safetensors file"});
  CHECK(folder.diagnostics.all()[0].help == "give one of the folders in it: `poems` and `prose`");
}

TEST_CASE("several files and no index") {
  Folder folder;
  folder.Put("a.safetensors", SmallFile({"a"}));
  folder.Put("b.safetensors", SmallFile({"b"}));
  CHECK(!folder.Open());
  CHECK(folder.Found() ==
        Lines{"RR414 the folder has several .safetensors files (`a.safetensors` and "
              "`b.safetensors`) and no index: name the one that is meant"});
  folder.Put("model.safetensors", SmallFile({"c"}));
  CHECK(folder.Open()->files == Lines{"/m/model.safetensors"});
  CHECK(folder.Found() == Lines{"RR415 `model.safetensors` is read; `a.safetensors` and "
                                "`b.safetensors` beside it are passed over"});
}

TEST_CASE("shards whose index is missing") {
  Folder folder;
  folder.Put(kShard1, SmallFile({"a"}));
  CHECK(!folder.Open());
  CHECK(folder.Found() == Lines{"RR413 `model-00001-of-00002.safetensors` is one of 2 shards, but "
                                "their index (`model.safetensors.index.json`) is missing"});
  Folder single;
  single.Put("model-00001-of-00001.safetensors", SmallFile({"a"}));
  CHECK(single.Open().has_value());
}

TEST_CASE("a folder with an index") {
  Folder folder;
  folder.PutShards(kGoodMap);
  folder.Put("tokenizer.json", "{}");
  auto checkpoint = folder.Open();
  REQUIRE(checkpoint.has_value());
  CHECK(folder.Found().empty());
  CHECK(checkpoint->files == Lines{"/m/" + kShard1, "/m/" + kShard2});
  REQUIRE(checkpoint->tensors.size() == 3);
  CHECK(checkpoint->Find("a")->file == 0);
  CHECK(checkpoint->Find("c")->file == 1);
  CHECK(checkpoint->other_files == Lines{"tokenizer.json"});
  CHECK(folder.Open("/m/" + kIndex).has_value());

  folder.Put("model.safetensors", SmallFile({"z"}));
  checkpoint = folder.Open();
  REQUIRE(checkpoint.has_value());
  CHECK(checkpoint->Find("z") == nullptr);
  CHECK(folder.Found() ==
        Lines{"RR415 `model.safetensors` is not in the index and is passed over"});
}

TEST_CASE("an index of another name") {
  Folder folder;
  folder.Put("x.safetensors", SmallFile({"a"}));
  folder.Put("x.safetensors.index.json", R"({"weight_map":{"a":"x.safetensors"}})");
  CHECK(folder.Open().has_value());
  folder.Put("y.safetensors.index.json", R"({"weight_map":{"a":"x.safetensors"}})");
  CHECK(!folder.Open());
  CHECK(folder.Open("/m/y.safetensors.index.json").has_value());
}

TEST_CASE("index and shards disagree") {
  Folder folder;
  folder.PutShards(
      R"({"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"})");
  CHECK(!folder.Open());
  CHECK(folder.Found() ==
        Lines{"RR413 the file holds tensors that the index does not place in it: \"c\""});
  CHECK(folder.diagnostics.all()[0].place.file == "/m/" + kShard2);
  folder.Put(kShard1, SmallFile({"a", "b"}));
  folder.PutShards(kGoodMap);
  folder.Put(kShard1, SmallFile({"a", "b"}));
  CHECK(!folder.Open());
  CHECK(folder.Found() ==
        Lines{"RR413 the file holds tensors that the index does not place in it: \"b\""});
  CHECK(folder.diagnostics.all()[0].place.file == "/m/" + kShard1);
  folder.PutShards(R"({"a":"gone.safetensors"})");
  CHECK(!folder.Open());
  CHECK(folder.Found() == Lines{"RR413 the index names \"gone.safetensors\", which is missing"});
}

TEST_CASE("names of shards") {
  const auto error = [](const std::string& name) {
    Folder folder;
    folder.PutShards(R"({"a":")" + name + "\"}");
    CHECK(!folder.Open());
    return folder.Found().front();
  };
  CHECK(error("") == R"(RR413 the file of tensor "a", "", is empty)");
  CHECK(error("../m/x.safetensors").ends_with("leads out of the folder of the index"));
  CHECK(error("x/../../x.safetensors").ends_with("leads out of the folder of the index"));
  CHECK(error("/m/x.safetensors").ends_with("shards lie in the folder of the index"));
  CHECK(error("https://x/y.safetensors").ends_with("shards lie in the folder of the index"));
  CHECK(error("x\\\\y.safetensors").ends_with("has a backslash"));
  CHECK(error("./x.safetensors").ends_with("is not a plain path to a file"));
  CHECK(error("x//y.safetensors").ends_with("is not a plain path to a file"));
  CHECK(error("x/").ends_with("is not a plain path to a file"));
  CHECK(error("x\\u0000.safetensors").ends_with("has a NUL or another control character"));
  CHECK(error("x.bin") == "RR412 the index names \"x.bin\", which is a PyTorch file (a pickle)");
}

TEST_CASE("indexes that are none") {
  const auto error = [](const std::string& index) {
    Folder folder;
    folder.PutShards("{}");
    folder.Put(kIndex, index);
    CHECK(!folder.Open());
    CHECK(folder.diagnostics.all()[0].place.file == "/m/" + kIndex);
    return folder.Found().front();
  };
  CHECK(error("[]") == "RR413 the index must be a map with `weight_map`");
  CHECK(error("{}") == "RR413 the index has no `weight_map`");
  CHECK(error(R"({"weight_map":{}})") == "RR413 `weight_map` is empty: the index names no tensor");
  CHECK(error(R"({"weight_map":3})") == "RR413 `weight_map` must be a map from tensors to files");
  CHECK(error(R"({"weight_map":{"a":3}})") ==
        "RR413 `weight_map`: the file of tensor \"a\" must be text");
  CHECK(error(R"({"weight_map":{"a":"x","\u0061":"x"}})") ==
        "RR413 `weight_map` has tensor \"a\" twice");
  CHECK(error(R"({"weight_map":{"a":"x"},"weight_map":{"a":"x"}})") ==
        "RR413 `weight_map` is there twice");
  CHECK(error(R"({"weight_map":{"a":"x")") ==
        "RR421 byte 22: the text ends where a comma or `}` is expected");
  CHECK(error(R"({"weight_map")") == "RR421 byte 13: the text ends where a colon is expected");
  CHECK(error(R"({"weight_map":)") == "RR421 byte 14: the text ends where a map is expected");
}

TEST_CASE("total_size is compared") {
  Folder folder;
  const auto found = [&](const std::string& metadata) {
    folder.PutShards(kGoodMap + ",\"metadata\":" + metadata);
    CHECK(folder.Open().has_value());
    return folder.Found();
  };
  CHECK(found(R"({"total_size":6,"total_parameters":6})").empty());
  CHECK(found("{}").empty());
  CHECK(found("null").empty());
  CHECK(found(R"({"total_size":"6"})").empty());
  CHECK(found(R"({"total_size":6.0})") ==
        Lines{"RR415 `total_size` is 6.0, but the tensors have 6 bytes; passed over"});
  CHECK(found(R"({"total_size":12})") ==
        Lines{"RR415 `total_size` is 12, but the tensors have 6 bytes; passed over"});
}

TEST_CASE("adapters") {
  Folder folder;
  folder.Put("adapter_model.safetensors", SmallFile({"x.lora_A.weight", "x.lora_B.weight"}));
  auto checkpoint = folder.Open();
  REQUIRE(checkpoint.has_value());
  CHECK(checkpoint->kind == CheckpointKind::kAdapter);
  CHECK(!checkpoint->adapter_config.has_value());
  folder.Put("adapter_config.json", R"({"r": 2, "lora_alpha": NaN})");
  folder.Put("README.md", "");
  checkpoint = folder.Open();
  REQUIRE(checkpoint.has_value());
  CHECK(ToJson(*checkpoint->adapter_config) == R"({"r": 2, "lora_alpha": NaN})");
  CHECK(checkpoint->other_files == Lines{"README.md"});
  CHECK(folder.Open("/m/adapter_model.safetensors")->adapter_config.has_value());
  folder.Put("adapter_config.json", R"({"r": 2, "r": 3})");
  CHECK(!folder.Open());
  CHECK(folder.Found() == Lines{"RR421 byte 13: the name \"r\" is there twice"});
  folder.Put("model.safetensors", SmallFile({"a"}));
  CHECK(!folder.Open());
  CHECK(folder.Found() ==
        Lines{"RR414 the folder holds an adapter (`adapter_model.safetensors`) and a "
              "model (`model.safetensors`): name the one that is meant"});
}

TEST_CASE("a file is an adapter by its tensors") {
  Folder folder;
  const auto kind = [&](const std::vector<std::string>& names) {
    folder.Put("in.safetensors", SmallFile(names));
    return folder.Open("/m/in.safetensors")->kind;
  };
  CHECK(kind({"a.lora_A.weight", "a.lora_B.weight", "embed"}) == CheckpointKind::kAdapter);
  CHECK(kind({"wi-kernel_lora_a", "wi-kernel_lora_b"}) == CheckpointKind::kAdapter);
  CHECK(kind({"x.adapter.linear_in.weight", "x.adapter.adapter_q.linear_out.weight"}) ==
        CheckpointKind::kAdapter);
  CHECK(kind({"x.adapter.linear_in.weight", "x.adapter.linear_out.weight", "x.weight"}) ==
        CheckpointKind::kWeights);
  CHECK(kind({"x-kernel_lora_a", "x-kernel_lora_b", "x-kernel"}) == CheckpointKind::kWeights);
  CHECK(kind({"x.lora_A.weight", "b", "c"}) == CheckpointKind::kWeights);
  CHECK(kind({"a"}) == CheckpointKind::kWeights);
  folder.Put("adapter_config.json", "{}");
  CHECK(folder.Open()->kind == CheckpointKind::kAdapter);  // the folder says so
}

TEST_CASE("configs that cannot be read are errors") {
  Folder folder;
  folder.Put("model.safetensors", SmallFile({"a"}));
  const auto error = [&](const std::string& text) {
    folder.Put("config.json", text);
    CHECK(!folder.Open());
    CHECK(folder.diagnostics.all()[0].place.file == "/m/config.json");
    return folder.Found().front();
  };
  CHECK(error("[1]") == "RR421 a map is expected, this is a list");
  CHECK(error("") == "RR421 the file is empty; JSON text is expected");
  CHECK(error(R"({"a":1,"a":2})") == "RR421 byte 11: the name \"a\" is there twice");
  CHECK(error(std::string(8'388'609, ' ')) == "RR421 the file has more than 8.39 MB");
}

TEST_CASE("metadata of several files: the first value wins") {
  Folder folder;
  folder.PutShards(kGoodMap);
  folder.Put(kShard1, Safetensors(R"({"__metadata__":{"format":"pt","x":"1"},)"
                                  R"("a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}})",
                                  "a"));
  folder.Put(kShard2, Safetensors(R"({"__metadata__":{"x":"2","y":"3"},)"
                                  R"("b":{"dtype":"U8","shape":[],"data_offsets":[0,1]},)"
                                  R"("c":{"dtype":"U8","shape":[],"data_offsets":[1,2]}})",
                                  "bc"));
  CHECK(folder.Open()->metadata ==
        std::vector<std::pair<std::string, std::string>>{{"format", "pt"}, {"x", "1"}, {"y", "3"}});
}

}  // namespace
}  // namespace rr
