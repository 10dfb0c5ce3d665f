// Output is complete or absent, on files in memory with faults.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "io/memory_files.h"
#include "io/output.h"
#include "make_safetensors.h"

namespace rr {
namespace {

const std::vector<OutputTensor> kTensors = {
    {"a", Dtype::kU8, {3}}, {"empty", Dtype::kF32, {0, 2}}, {"b", Dtype::kI16, {2}}};

OutputLayout Layout(uint64_t max_shard_bytes = 1000) {
  OutputOptions options;
  options.max_shard_bytes = max_shard_bytes;
  return LayOut(kTensors, options);
}

void WriteText(TensorWriter* writer, uint32_t index, uint64_t offset, std::string_view text) {
  writer->Write(index, offset, std::as_bytes(std::span(text)));
}

std::string ReadText(const Files& files, const Checkpoint& checkpoint, const std::string& name) {
  const StoredTensor* tensor = checkpoint.Find(name);
  REQUIRE(tensor != nullptr);
  std::string text(tensor->size, '?');
  const auto index = static_cast<uint32_t>(tensor - checkpoint.tensors.data());
  ReadTensorsOf(files, checkpoint)->Read(index, 0, std::as_writable_bytes(std::span(text)));
  return text;
}

struct Scene {
  MemoryFiles files;
  Diagnostics diagnostics;
  Scene() {
    files.Put("/in/model.safetensors", SmallFile({"a"}));
    files.Put("/in/tokenizer.json", "tokens");
    files.Put("/out/keep.txt", "");
  }
  std::unique_ptr<OutputCheckpoint> Create(const std::string& to, bool force = false,
                                           const std::string& from = "/in",
                                           OutputLayout layout = Layout()) {
    diagnostics = {};
    auto output =
        OutputCheckpoint::Create(files, to, std::move(layout), from, force, 0, &diagnostics);
    CHECK((output != nullptr) == diagnostics.all().empty());
    return output;
  }
  std::string Refusal(const std::string& to, bool force = false, const std::string& from = "/in") {
    const auto before = files.AllPaths();
    CHECK(Create(to, force, from) == nullptr);
    CHECK(files.AllPaths() == before);
    return Found(diagnostics).at(0);
  }
};

void Fill(OutputCheckpoint* output) {
  WriteText(output, 2, 2, "yz");
  WriteText(output, 0, 0, "abc");
  WriteText(output, 1, 0, "");
  WriteText(output, 2, 0, "wx");
}

TEST_CASE("a folder, written and read") {
  for (const uint64_t shard_bytes : {1000, 3}) {
    Scene scene;
    auto output = scene.Create("/out/new/", false, "/in", Layout(shard_bytes));
    REQUIRE(output != nullptr);
    Fill(output.get());
    output->AddFile("config.json", "{\"n\": 1}");
    output->CopyFile("/in/tokenizer.json", "tokenizer.json");
    CHECK(scene.files.KindOf("/out/new") == FileKind::kNone);
    output->Publish();
    output.reset();
    Diagnostics diagnostics;
    const auto checkpoint = OpenCheckpoint(scene.files, "/out/new", &diagnostics);
    CHECK(Found(diagnostics).empty());
    REQUIRE(checkpoint.has_value());
    CHECK(checkpoint->files.size() == (shard_bytes == 3 ? 2 : 1));
    CHECK(ReadText(scene.files, *checkpoint, "a") == "abc");
    CHECK(ReadText(scene.files, *checkpoint, "b") == "wxyz");
    CHECK(ReadText(scene.files, *checkpoint, "empty").empty());
    CHECK(checkpoint->other_files == Lines{"tokenizer.json"});
    CHECK(scene.files.TextOf("/out/new/tokenizer.json") == "tokens");
    CHECK(scene.files.List("/out") == Lines{"keep.txt", "new"});
  }
}

TEST_CASE("one file, written and read") {
  Scene scene;
  auto output = scene.Create("/out/x.safetensors");
  REQUIRE(output != nullptr);
  Fill(output.get());
  output->AddFile("config.json", "{}");  // folders only
  output->CopyFile("/in/tokenizer.json", "tokenizer.json");
  output->Publish();
  output.reset();
  CHECK(scene.files.List("/out") == Lines{"keep.txt", "x.safetensors"});
  Diagnostics diagnostics;
  const auto checkpoint = OpenCheckpoint(scene.files, "/out/x.safetensors", &diagnostics);
  REQUIRE(checkpoint.has_value());
  CHECK(ReadText(scene.files, *checkpoint, "b") == "wxyz");
  CHECK(scene.Create("/out/y.safetensors", false, "/in", Layout(3)) == nullptr);
  CHECK(Found(scene.diagnostics) ==
        Lines{"RR507 the output has 2 shards, which need a folder; this is one file"});
}

TEST_CASE("destinations that are refused") {
  Scene scene;
  scene.files.Put("/out/old/model.safetensors", "old");
  scene.files.Put("/out/file.safetensors", "old");
  CHECK(scene.Refusal("/out/old") == "RR507 the destination exists; --force replaces it");
  CHECK(scene.Refusal("/out/file.safetensors") ==
        "RR507 the destination exists; --force replaces it");
  CHECK(scene.Refusal("/none/new") == "RR507 the folder `/none` does not exist");
  CHECK(scene.Refusal("/out/keep.txt/new") == "RR507 the folder `/out/keep.txt` is not a folder");
  CHECK(scene.Refusal("/out/..") == "RR507 the destination needs a name of its own");
  CHECK(scene.Refusal("/") == "RR507 the destination needs a name of its own");
  CHECK(scene.Refusal("/out/.safetensors") ==
        "RR507 the destination has no name before `.safetensors`");
  CHECK(scene.Refusal("/out/file.safetensors/") ==
        "RR507 the destination exists; --force replaces it");
  // Whatever --force says:
  for (const bool force : {false, true}) {
    CHECK(scene.Refusal("/in", force) == "RR507 the destination is the source itself");
    CHECK(scene.Refusal("/in/../in/", force) == "RR507 the destination is the source itself");
    CHECK(scene.Refusal("/in/new", force) == "RR507 the destination lies inside the source");
    CHECK(scene.Refusal("/in/model.safetensors", force, "/in/model.safetensors") ==
          "RR507 the destination is the source itself");
    CHECK(scene.Refusal("/in", force, "/in/model.safetensors") ==
          "RR507 the destination holds the source");
    scene.files.Link("/out/link.safetensors", "/in/model.safetensors");
    CHECK(scene.Refusal("/out/link.safetensors", force, "/in/model.safetensors") ==
          "RR507 the destination is the source itself");
    CHECK(scene.Refusal("/out/link.safetensors", force) ==
          "RR507 the destination holds `model.safetensors` of the source");
  }
  scene.files.Put("/home/letter.txt", "");
  CHECK(scene.Refusal("/home", true) ==
        "RR507 the destination is a folder with other things than a checkpoint; remove it yourself "
        "if it may go");
  CHECK(scene.Refusal("/out/keep.txt", true) ==
        "RR507 the destination is a file, a folder is to be written");
  scene.files.Put("/out/folder.safetensors/x", "");
  CHECK(scene.Refusal("/out/folder.safetensors", true) ==
        "RR507 the destination is a folder, one file is to be written");
  // A file beside the source file is no trouble.
  CHECK(scene.Create("/in/other.safetensors", false, "/in/model.safetensors") != nullptr);
}

TEST_CASE("too little space") {
  Scene scene;
  scene.files.set_free_bytes(4000);
  CHECK(scene.Refusal("/out/new") == "RR508 4.10 kB are needed, 4.00 kB are free in `/out`");
  const uint64_t needed = Layout().total_bytes;
  CHECK(needed == 4103);
  for (const uint64_t other : {uint64_t{0}, uint64_t{1}, UINT64_MAX}) {
    scene.files.set_free_bytes(needed);
    Diagnostics diagnostics;
    const auto output = OutputCheckpoint::Create(scene.files, "/out/new", Layout(), "/in", false,
                                                 other, &diagnostics);
    CHECK((output != nullptr) == (other == 0));
  }
}

TEST_CASE("what is not published leaves nothing behind") {
  Scene scene;
  const auto before = scene.files.AllPaths();
  for (const char* to : {"/out/new", "/out/x.safetensors"}) {
    auto output = scene.Create(to);
    REQUIRE(output != nullptr);
    Fill(output.get());
    output->AddFile("config.json", "{}");
    CHECK(scene.files.AllPaths() != before);
    output.reset();
    CHECK(scene.files.AllPaths() == before);
  }
}

TEST_CASE("force replaces") {
  Scene scene;
  scene.files.Put("/out/old/model.safetensors", "old");
  scene.files.Put("/out/old/stale.txt", "old");
  auto output = scene.Create("/out/old", true);
  REQUIRE(output != nullptr);
  Fill(output.get());
  CHECK(scene.files.TextOf("/out/old/model.safetensors") == "old");
  output->Publish();
  output.reset();
  CHECK(scene.files.List("/out") == Lines{"keep.txt", "old"});
  CHECK(scene.files.List("/out/old") == Lines{"model.safetensors"});
  CHECK(scene.files.TextOf("/out/old/model.safetensors").size() == 4103);
  scene.files.Put("/out/x.safetensors", "old");
  output = scene.Create("/out/x.safetensors", true);
  Fill(output.get());
  output->Publish();
  CHECK(scene.files.TextOf("/out/x.safetensors").size() == 4103);
}

TEST_CASE("two writers of one destination: the second fails") {
  Scene scene;
  for (const std::string to : {"/out/new", "/out/x.safetensors"}) {
    auto first = scene.Create(to);
    auto second = scene.Create(to);
    REQUIRE(second != nullptr);
    Fill(first.get());
    Fill(second.get());
    first->Publish();
    CHECK_THROWS_WITH_AS(second->Publish(),
                         ("cannot write `" + to + "`: somebody else has made it meanwhile").c_str(),
                         OsError);
    second.reset();
    CHECK(scene.files.KindOf(to) != FileKind::kNone);
  }
  CHECK(scene.files.List("/out") == Lines{"keep.txt", "new", "x.safetensors"});
}

// Lets the n-th change fail, for every n: afterwards the destination is as before or complete.
void FailEverywhere(const std::string& to, bool exists) {
  for (int fail_at = 0;; ++fail_at) {
    Scene scene;
    const bool one_file = to.ends_with(".safetensors");
    const std::string weights = one_file ? to : to + "/model-00001-of-00002.safetensors";
    if (exists) scene.files.Put(weights, "old");
    const auto before = scene.files.AllPaths();
    int operations = 0;
    bool failed = false;
    std::string failed_operation;
    scene.files.before = [&](std::string_view operation, const std::string&) {
      if (operations++ == fail_at) {
        failed = true;
        failed_operation = operation;
        throw OsError("no space");
      }
    };
    bool thrown = false;
    try {
      auto output = scene.Create(to, exists, "/in", Layout(one_file ? 1000 : 3));
      Fill(output.get());
      output->AddFile("config.json", "{}");
      output->Publish();
    } catch (const OsError& e) {
      CHECK(e.what() == std::string("no space"));
      thrown = true;
    }
    CHECK(thrown == failed);
    CAPTURE(fail_at);
    CAPTURE(failed_operation);
    scene.files.before = nullptr;
    Diagnostics diagnostics;
    const bool complete = scene.files.KindOf(weights) == FileKind::kFile &&
                          OpenCheckpoint(scene.files, to, &diagnostics).has_value();
    // A failure after the renames comes too late to take anything back: the destination is
    // complete.
    const bool late = failed_operation == "sync directory" || failed_operation == "remove";
    if (failed && !(late && complete)) {
      CHECK(scene.files.AllPaths() == before);
      if (exists) CHECK(scene.files.TextOf(weights) == "old");
    } else {
      CHECK(complete);
    }
    if (!failed) break;
  }
}

TEST_CASE("a fault at any point leaves the old or the new") {
  FailEverywhere("/out/new", false);
  FailEverywhere("/out/new", true);
  FailEverywhere("/out/x.safetensors", false);
  FailEverywhere("/out/x.safetensors", true);
}

TEST_CASE("names and ranges are checked") {
  Scene scene;
  auto output = scene.Create("/out/new");
  for (const char* name : {"", ".", "..", "a/b", "../x"}) {
    CHECK_THROWS_AS(output->AddFile(name, ""), std::logic_error);
  }
  CHECK_THROWS_AS(output->AddFile("model.safetensors", ""), OsError);  // is there
  CHECK_THROWS_AS(WriteText(output.get(), 0, 1, "abc"), std::out_of_range);
  CHECK_THROWS_AS(WriteText(output.get(), 0, UINT64_MAX, "a"), std::out_of_range);
  CHECK_THROWS_AS(WriteText(output.get(), 3, 0, "a"), std::out_of_range);
}

}  // namespace
}  // namespace rr
