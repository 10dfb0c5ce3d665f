// What only a real file system has: links, pipes, devices, permissions.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "io/checkpoint.h"
#include "io/files.h"
#include "io/output.h"
#include "make_safetensors.h"

namespace rr {
namespace {

namespace fs = std::filesystem;

Files& files = RealFiles();

OutputLayout Layout() {
  OutputOptions options;
  options.max_shard_bytes = 2;
  return LayOut({{"a", Dtype::kU8, {2}}, {"b", Dtype::kU8, {2}}}, options);
}

Lines OpenErrors(const std::string& path) {
  Diagnostics diagnostics;
  CHECK(!OpenCheckpoint(files, path, &diagnostics).has_value());
  return Found(diagnostics);
}

TEST_CASE("files and folders") {
  const ScratchFolder scratch;
  WriteSmallFile(files, scratch / "b", "text");
  files.MakeDirectory(scratch / "a");
  CHECK(files.List(scratch.path()) == Lines{"a", "b"});
  CHECK(files.KindOf(scratch / "a") == FileKind::kDirectory);
  CHECK(files.KindOf(scratch / "b") == FileKind::kFile);
  CHECK(files.KindOf(scratch / "c") == FileKind::kNone);
  CHECK(files.KindOf(scratch / "b/c") == FileKind::kNone);
  CHECK(files.KindOf("/dev/zero") == FileKind::kOther);
  CHECK(ReadSmallFile(files, scratch / "b") == "text");
  CHECK(ReadSmallFile(files, scratch / "b", 4) == "text");
  CHECK(!ReadSmallFile(files, scratch / "b", 3).has_value());
  CHECK(files.FreeBytes(scratch.path()) > 0);
  CHECK_THROWS_WITH_AS(files.Create(scratch / "b"),
                       ("cannot create `" + scratch / "b" + "`: File exists").c_str(), OsError);
  CHECK_THROWS_WITH_AS(files.Open(scratch / "c"),
                       ("cannot open `" + scratch / "c" + "`: No such file or directory").c_str(),
                       OsError);
  CHECK_THROWS_WITH_AS(files.Open(scratch / "a"),
                       ("cannot open `" + scratch / "a" + "`: it is not a regular file").c_str(),
                       OsError);
  CHECK_THROWS_AS(files.MakeDirectory(scratch / "a"), OsError);
  CHECK_THROWS_AS(files.List(scratch / "b"), OsError);
  files.Rename(scratch / "b", scratch / "c");
  files.RemoveAll(scratch / "a");
  files.RemoveAll(scratch / "a");
  CHECK(files.List(scratch.path()) == Lines{"c"});
  files.SyncDirectory(scratch.path());
}

TEST_CASE("ranges of a file") {
  const ScratchFolder scratch;
  {
    const auto out = files.Create(scratch / "f");
    out->Allocate(10);
    const std::string_view text = "xyz";
    out->WriteAt(4, std::as_bytes(std::span(text)));
    out->Sync();
  }
  const auto in = files.Open(scratch / "f");
  CHECK(in->size() == 10);
  std::string text(10, '?');
  in->ReadAt(0, std::as_writable_bytes(std::span(text)));
  CHECK(text == std::string("\0\0\0\0xyz\0\0\0", 10));
  fs::resize_file(scratch / "f", 7);
  CHECK_THROWS_WITH_AS(in->ReadAt(0, std::as_writable_bytes(std::span(text))),
                       ("cannot read `" + scratch / "f" + "`: the file ends at byte 7").c_str(),
                       OsError);
}

TEST_CASE("pipes, devices and links to nothing are refused at once") {
  const ScratchFolder scratch;
  REQUIRE(::mkfifo((scratch / "fifo.safetensors").c_str(), 0600) == 0);
  CHECK(OpenErrors(scratch / "fifo.safetensors") ==
        Lines{"RR414 this is neither a regular file nor a folder"});
  CHECK_THROWS_AS(files.Open(scratch / "fifo.safetensors"), OsError);
  CHECK(OpenErrors(scratch.path()) ==
        Lines{"RR414 this is not a regular file, or a link to nothing"});
  CHECK(OpenErrors("/dev/zero") == Lines{"RR414 this is neither a regular file nor a folder"});
  fs::create_symlink("loop", scratch / "loop");
  CHECK(OpenErrors(scratch / "loop") == Lines{"RR414 this is neither a regular file nor a folder"});
  fs::create_symlink("gone", scratch / "link");
  CHECK(OpenErrors(scratch / "link") == Lines{"RR414 there is no file or folder of this name"});
  WriteSmallFile(files, scratch / "model.safetensors.index.json",
                 R"({"weight_map":{"a":"fifo.safetensors"}})");
  CHECK(OpenErrors(scratch.path()) ==
        Lines{"RR413 the index names \"fifo.safetensors\", which is not a regular file"});
  files.MakeDirectory(scratch / "m");
  WriteSmallFile(files, scratch / "m/model.safetensors", SmallFile({"a"}));
  REQUIRE(::mkfifo((scratch / "m/config.json").c_str(), 0600) == 0);
  CHECK(OpenErrors(scratch / "m") == Lines{"RR421 this is not a regular file"});
}

TEST_CASE("a download cache: the files are links to blobs outside of the folder") {
  const ScratchFolder scratch;
  fs::create_directories(scratch / "blobs");
  fs::create_directories(scratch / "snapshots/rev");
  WriteSmallFile(files, scratch / "blobs/1", SmallFile({"a"}));
  WriteSmallFile(files, scratch / "blobs/2",
                 R"({"weight_map":{"a":"model-00001-of-00001.safetensors"}})");
  WriteSmallFile(files, scratch / "blobs/3", "{}");
  const auto link = [&](const char* blob, const char* name) {
    fs::create_symlink(std::string("../../blobs/") + blob, scratch / "snapshots/rev/" + name);
  };
  link("1", "model-00001-of-00001.safetensors");
  link("2", "model.safetensors.index.json");
  link("3", "tokenizer.json");
  Diagnostics diagnostics;
  const auto checkpoint = OpenCheckpoint(files, scratch / "snapshots/rev", &diagnostics);
  CHECK(Found(diagnostics).empty());
  REQUIRE(checkpoint.has_value());
  CHECK(checkpoint->tensors.size() == 1);
  CHECK(checkpoint->other_files == Lines{"tokenizer.json"});
  CHECK(OutputCheckpoint::Create(files, scratch / "blobs", Layout(), scratch / "snapshots/rev",
                                 true, 0, &diagnostics) == nullptr);
  CHECK(Found(diagnostics) ==
        Lines{"RR507 the destination holds `model-00001-of-00001.safetensors` of the source"});
}

TEST_CASE("output on the disk: permissions, force, nothing left over") {
  const ScratchFolder scratch;
  WriteSmallFile(files, scratch / "in.safetensors", SmallFile({"a"}));
  for (const mode_t mask : {mode_t{022}, mode_t{077}}) {
    const mode_t old = ::umask(mask);
    Diagnostics diagnostics;
    auto output = OutputCheckpoint::Create(
        files, scratch / "out", Layout(), scratch / "in.safetensors", mask == 077, 0, &diagnostics);
    REQUIRE(output != nullptr);
    const std::string_view text = "xy";
    output->Write(0, 0, std::as_bytes(std::span(text)));
    output->Write(1, 0, std::as_bytes(std::span(text)));
    output->CopyFile(scratch / "in.safetensors", "copy.bin");
    output->Publish();
    output.reset();
    ::umask(old);
    struct stat st {};
    REQUIRE(::stat((scratch / "out/model-00001-of-00002.safetensors").c_str(), &st) == 0);
    CHECK((st.st_mode & 0777) == (0666 & ~mask));
    REQUIRE(::stat((scratch / "out").c_str(), &st) == 0);
    CHECK((st.st_mode & 0777) == (0777 & ~mask));
    CHECK(files.List(scratch.path()) == Lines{"in.safetensors", "out"});
    CHECK(files.List(scratch / "out") == Lines{"copy.bin", "model-00001-of-00002.safetensors",
                                               "model-00002-of-00002.safetensors",
                                               "model.safetensors.index.json"});
    CHECK(OpenCheckpoint(files, scratch / "out", &diagnostics).has_value());
    CHECK(Found(diagnostics).empty());
    CHECK(ReadSmallFile(files, scratch / "out/copy.bin") == SmallFile({"a"}));
  }
}

TEST_CASE("destinations behind links") {
  const ScratchFolder scratch;
  fs::create_directories(scratch / "real/in");
  WriteSmallFile(files, scratch / "real/in/model.safetensors", SmallFile({"a"}));
  fs::create_directory_symlink("real", scratch / "link");
  fs::create_symlink("gone", scratch / "dangling");
  fs::create_hard_link(scratch / "real/in/model.safetensors", scratch / "hard.safetensors");
  const auto refusal = [&](const std::string& to, const std::string& from) {
    Diagnostics diagnostics;
    CHECK(OutputCheckpoint::Create(files, scratch / to, Layout(), scratch / from, true, 0,
                                   &diagnostics) == nullptr);
    return Found(diagnostics).at(0);
  };
  CHECK(refusal("link/in", "real/in") == "RR507 the destination is the source itself");
  CHECK(refusal("link/in/new", "real/in") == "RR507 the destination lies inside the source");
  CHECK(refusal("real", "link/in") == "RR507 the destination holds the source");
  CHECK(refusal("link", "real/in") == "RR507 the destination holds the source");
  CHECK(refusal("hard.safetensors", "real/in/model.safetensors") ==
        "RR507 the destination is the source itself");
  Diagnostics diagnostics;
  CHECK(OutputCheckpoint::Create(files, scratch / "dangling", Layout(), scratch / "real/in", false,
                                 0, &diagnostics) == nullptr);
  CHECK(Found(diagnostics) == Lines{"RR507 the destination exists; --force replaces it"});
}

TEST_CASE("a folder that must not be written to") {
  if (::geteuid() == 0) return;  // root may write anywhere
  const ScratchFolder scratch;
  fs::create_directory(scratch / "locked");
  fs::permissions(scratch / "locked", fs::perms::owner_read | fs::perms::owner_exec);
  Diagnostics diagnostics;
  CHECK_THROWS_AS(OutputCheckpoint::Create(files, scratch / "locked/out", Layout(), scratch / "in",
                                           false, 0, &diagnostics),
                  OsError);
  fs::permissions(scratch / "locked", fs::perms::owner_all);
}

}  // namespace
}  // namespace rr
