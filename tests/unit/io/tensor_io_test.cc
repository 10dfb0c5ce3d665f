#include "io/tensor_io.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "io/memory_files.h"
#include "make_safetensors.h"

namespace rr {
namespace {

TEST_CASE("tensors of a checkpoint by index") {
  MemoryFiles files;
  files.Put("/m.safetensors", SmallFile({"b", "a"}));
  Diagnostics diagnostics;
  const auto checkpoint = OpenCheckpoint(files, "/m.safetensors", &diagnostics);
  REQUIRE(checkpoint.has_value());
  const auto reader = ReadTensorsOf(files, *checkpoint);
  std::string text(2, '?');
  const auto out = std::as_writable_bytes(std::span(text));
  reader->Read(1, 0, out);
  CHECK(text == "bb");
  reader->Read(0, 1, out.subspan(1));
  CHECK(text == "ba");
  reader->Read(0, 2, {});
  CHECK_THROWS_AS(reader->Read(0, 1, out), std::out_of_range);
  CHECK_THROWS_AS(reader->Read(0, UINT64_MAX, out), std::out_of_range);
  CHECK_THROWS_AS(reader->Read(2, 0, {}), std::out_of_range);
  files.Put("/m.safetensors", "short");
  CHECK_THROWS_WITH_AS(ReadTensorsOf(files, *checkpoint),
                       "cannot read `/m.safetensors`: the file has become shorter", OsError);
}

TEST_CASE("tensors in memory") {
  MemoryTensors tensors({std::vector<std::byte>(3), {}});
  const std::byte bytes[] = {std::byte{1}, std::byte{2}};
  tensors.Write(0, 1, bytes);
  std::byte out[3];
  tensors.Read(0, 0, out);
  CHECK(out[0] == std::byte{0});
  CHECK(out[2] == std::byte{2});
  CHECK_THROWS_AS(tensors.Write(0, 2, bytes), std::out_of_range);
  CHECK_THROWS_AS(tensors.Read(1, 0, out), std::out_of_range);
}

}  // namespace
}  // namespace rr
