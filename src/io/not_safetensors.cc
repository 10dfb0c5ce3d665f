#include "io/not_safetensors.h"

#include <algorithm>
#include <cctype>

namespace rr {
namespace {

// The programs that lead from other formats to safetensors are in examples/export.
constexpr const char* kPickleHelp =
    "rule-runner never reads pickles, because reading one can run code; run "
    "`python3 examples/export/torch_to_safetensors.py OUT.safetensors FILE...` where torch is "
    "installed";
constexpr const char* kDistHelp =
    "run `python3 examples/export/megatron_dist_to_safetensors.py OUT.safetensors FOLDER` where "
    "torch is installed";
constexpr const char* kOrbaxHelp =
    "run `python3 examples/export/maxtext_orbax_to_safetensors.py OUT.safetensors FOLDER` where "
    "orbax-checkpoint is installed";
constexpr const char* kGgufHelp =
    "nothing leads back from GGUF: convert the original safetensors checkpoint instead, and an "
    "adapter to GGUF with `python3 examples/export/peft_to_gguf_lora.py`";
constexpr const char* kFetchHelp = "fetch the file again";

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return lower;
}

struct Magic {
  std::string_view bytes;
  const char* what;
  const char* help;
};

using namespace std::string_view_literals;

constexpr Magic kMagics[] = {
    {"version https://git-lfs"sv, "a git-lfs pointer, not the weights themselves",
     "run `git lfs pull` in its folder"},
    {"PK\x03\x04"sv, "a zip archive, as torch.save writes", kPickleHelp},
    {"GGUF"sv, "a GGUF file", kGgufHelp},
    {"\x1f\x8b"sv, "gzip-compressed data", "decompress it first: `gzip -d`"},
    {"\x28\xb5\x2f\xfd"sv, "zstd-compressed data", "decompress it first: `zstd -d`"},
    {"\xfd"
     "7zXZ"sv,
     "xz-compressed data", "decompress it first: `xz -d`"},
    {"BZh"sv, "bzip2-compressed data", "decompress it first: `bzip2 -d`"},
    {"\x89HDF\r\n"sv, "an HDF5 file",
     "save the model as safetensors with the program that made it"},
    {"\x93NUMPY"sv, "a NumPy file", "save the model as safetensors with the program that made it"},
    {"%PDF"sv, "a PDF document", kFetchHelp},
};

bool LooksLikePickle(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5;
}

}  // namespace

std::optional<OtherFormat> LooksLike(std::string_view first_bytes) {
  for (const Magic& magic : kMagics) {
    if (first_bytes.starts_with(magic.bytes)) return OtherFormat{magic.what, magic.help};
  }
  if (LooksLikePickle(first_bytes))
    return OtherFormat{"a Python pickle, as old torch.save writes", kPickleHelp};
  if (first_bytes.substr(0, 512).find_first_not_of('\0') == std::string_view::npos &&
      first_bytes.size() >= 8) {
    return OtherFormat{"only zeros at its start, as an interrupted download leaves", kFetchHelp};
  }
  const size_t text = first_bytes.find_first_not_of(" \t\r\n");
  if (text == std::string_view::npos) return std::nullopt;
  const std::string start = LowerCase(first_bytes.substr(text, 64));
  if (start.starts_with("<!doctype") || start.starts_with("<html") || start.starts_with("<head") ||
      start.starts_with("<?xml")) {
    return OtherFormat{"an HTML or XML page, often an error message that was saved", kFetchHelp};
  }
  if (start.starts_with("{") || start.starts_with("[")) {
    return OtherFormat{"JSON text, not the weights themselves",
                       "give the folder or the .safetensors file"};
  }
  // As the length of a header eight letters are more bytes than there are.
  const auto is_letter = [](unsigned char c) { return c >= ' ' && c <= '~'; };
  const std::string_view letters = first_bytes.substr(0, 8);
  if (letters.size() == 8 && std::all_of(letters.begin(), letters.end(), is_letter)) {
    const std::string_view line =
        first_bytes.substr(0, std::min<size_t>(first_bytes.find('\n'), 40));
    if (std::all_of(line.begin(), line.end(), is_letter))
      return OtherFormat{"text, often an error message that was saved: " + std::string(line),
                         kFetchHelp};
  }
  return std::nullopt;
}

std::optional<OtherFormat> NamedLike(std::string_view file_name) {
  const std::string name = LowerCase(file_name);
  for (const char* ending : {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}) {
    if (name.ends_with(ending)) return OtherFormat{"a PyTorch file (a pickle)", kPickleHelp};
  }
  if (name.ends_with(".distcp"))
    return OtherFormat{"a part of a PyTorch distributed checkpoint", kDistHelp};
  // MaxText writes `_METADATA` into a step's `items` and `_CHECKPOINT_METADATA` beside `items`.
  if (name == "_metadata" || name == "_checkpoint_metadata")
    return OtherFormat{"a part of an Orbax checkpoint", kOrbaxHelp};
  if (name.ends_with(".gguf")) return OtherFormat{"a GGUF file", kGgufHelp};
  for (const char* ending :
       {".npz", ".npy", ".h5", ".hdf5", ".keras", ".msgpack", ".onnx", ".tflite", ".pb"}) {
    if (name.ends_with(ending)) {
      return OtherFormat{"a file of another format than safetensors",
                         "save the model as safetensors with the program that made it"};
    }
  }
  return std::nullopt;
}

}  // namespace rr
