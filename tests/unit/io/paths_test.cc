#include "io/paths.h"

#include <doctest/doctest.h>

#include "io/memory_files.h"
#include "io/model_folder.h"
#include "io/stored_name.h"

namespace rr {
namespace {

TEST_CASE("parts of a path") {
  CHECK(JoinPath("a", "b") == "a/b");
  CHECK(JoinPath("a/", "b") == "a/b");
  CHECK(JoinPath("/", "b") == "/b");
  CHECK(DirectoryOf("a/b/c") == "a/b");
  CHECK(DirectoryOf("a/b/") == "a");
  CHECK(DirectoryOf("a//b") == "a");
  CHECK(DirectoryOf("/a") == "/");
  CHECK(DirectoryOf("a") == ".");
  CHECK(BaseNameOf("a/b/") == "b");
  CHECK(BaseNameOf("b") == "b");
  CHECK(LiesBelow("/a/b", "/a"));
  CHECK(LiesBelow("/a", "/"));
  CHECK(!LiesBelow("/a", "/a"));
  CHECK(!LiesBelow("/ab", "/a"));
}

TEST_CASE("paths in memory") {
  const MemoryFiles files;
  CHECK(files.Resolve("a/./b//../c") == "/a/c");
  CHECK(files.Resolve("/..") == "/");
}

TEST_CASE("numbers of shards") {
  const auto shard = ShardNumberOf("model-00002-of-00005.safetensors");
  REQUIRE(shard.has_value());
  CHECK(shard->number == 2);
  CHECK(shard->count == 5);
  CHECK(!ShardNumberOf("model.safetensors"));
  CHECK(!ShardNumberOf("model-of-00005.safetensors"));
  CHECK(!ShardNumberOf("model-00002-of-.safetensors"));
  CHECK(!ShardNumberOf("model-00002-of-00005.bin"));
}

TEST_CASE("names for messages") {
  CHECK(ShowName("a\"b") == R"("a\"b")");
  CHECK(ShowName(std::string(159, 'a') + "é") == "\"" + std::string(159, 'a') + "\"...");
  CHECK(HasControlCharacter(std::string_view("a\0b", 3)));
  CHECK(HasControlCharacter("a\nb"));
  CHECK(HasControlCharacter("\x7f"));
  CHECK(HasControlCharacter("\xc2\x85"));
  CHECK(!HasControlCharacter("tab\t, é, \xc2\xa0"));
}

TEST_CASE("names that are there twice") {
  const auto find = [](const std::vector<std::string>& names) {
    return FindDuplicateName(names.size(), [&](size_t i) { return std::string_view(names[i]); });
  };
  CHECK(!find({}));
  CHECK(!find({"a", "b", "c"}));
  CHECK(!find({"c", "a", "b"}));
  CHECK(find({"a", "a"}) == 1);
  CHECK(find({"b", "a", "c", "b"}) == 3);
}

}  // namespace
}  // namespace rr
