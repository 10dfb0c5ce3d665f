#include "io/not_safetensors.h"

#include <doctest/doctest.h>

#include <string>

namespace rr {
namespace {

using namespace std::string_literals;

std::string What(const std::string& bytes) {
  const auto other = LooksLike(bytes);
  return other ? other->what : "";
}

TEST_CASE("by first bytes") {
  CHECK(What("version https://git-lfs.github.com/spec/v1\n") ==
        "a git-lfs pointer, not the weights themselves");
  CHECK(What("PK\x03\x04....") == "a zip archive, as torch.save writes");
  CHECK(What("\x80\x02}q") == "a Python pickle, as old torch.save writes");
  CHECK(What("\x1f\x8b\x08") == "gzip-compressed data");
  CHECK(What("GGUF\x03\0\0\0"s) == "a GGUF file");
  CHECK(What("\n<!DOCTYPE html>") == "an HTML or XML page, often an error message that was saved");
  CHECK(What("<?xml version") == "an HTML or XML page, often an error message that was saved");
  CHECK(What("{\"a\": 1}") == "JSON text, not the weights themselves");
  CHECK(What("\x89HDF\r\n") == "an HDF5 file");
  CHECK(What("\x93NUMPY\x01") == "a NumPy file");
  CHECK(What(std::string(512, '\0')) ==
        "only zeros at its start, as an interrupted download leaves");
  CHECK(What("").empty());
  CHECK(What("Entry not found") == "text, often an error message that was saved: Entry not found");
  CHECK(What("Not Found\nmore") == "text, often an error message that was saved: Not Found");
  CHECK(What("Entry n\xff").empty());
  CHECK(What("short").empty());
  CHECK(What("\x78\x20\0\0\0\0\0\0"s).empty());
}

TEST_CASE("by name") {
  CHECK(NamedLike("pytorch_model-00001-of-00002.bin")->what == "a PyTorch file (a pickle)");
  CHECK(NamedLike("MODEL.PT")->what == "a PyTorch file (a pickle)");
  CHECK(NamedLike("__0_0.distcp")->what == "a part of a PyTorch distributed checkpoint");
  CHECK(NamedLike("m.gguf")->what == "a GGUF file");
  CHECK(NamedLike("_METADATA")->what == "a part of an Orbax checkpoint");
  CHECK(NamedLike("_CHECKPOINT_METADATA")->what == "a part of an Orbax checkpoint");
  CHECK(!NamedLike("metadata").has_value());
  CHECK(NamedLike("w.npz").has_value());
  CHECK(!NamedLike("model.safetensors").has_value());
  CHECK(!NamedLike("tokenizer.json").has_value());
  CHECK(!NamedLike("bin").has_value());
}

TEST_CASE("the help names the program that leads to safetensors") {
  const auto helps_with = [](std::string_view name, std::string_view program) {
    return NamedLike(name)->help.find(program) != std::string::npos;
  };
  CHECK(helps_with("w.bin", "examples/export/torch_to_safetensors.py"));
  CHECK(helps_with("w.pt", "examples/export/torch_to_safetensors.py"));
  CHECK(helps_with("__0_0.distcp", "examples/export/megatron_dist_to_safetensors.py"));
  CHECK(helps_with("_METADATA", "examples/export/maxtext_orbax_to_safetensors.py"));
  CHECK(helps_with("m.gguf", "examples/export/peft_to_gguf_lora.py"));
}

}  // namespace
}  // namespace rr
