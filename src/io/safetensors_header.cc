// A safetensors file's header, held against the file: 8 bytes of length, that many bytes of JSON,
// data without holes.
//
// Numbers from the file are compared and subtracted, never added, until they are known to lie
// inside the file.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>

#include "base/text.h"
#include "io/checkpoint.h"
#include "io/header_json.h"
#include "io/not_safetensors.h"
#include "io/safetensors_format.h"
#include "io/stored_name.h"

namespace rr {
namespace {

std::string ReadText(const InputFile& file, uint64_t offset, uint64_t size) {
  std::string text(size, '\0');
  file.ReadAt(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

// The file is no safetensors file for the reason `why`; perhaps it is something with a name.
void AddNotValid(const InputFile& file, std::string_view why, Diagnostics* diagnostics) {
  const auto other = LooksLike(ReadText(file, 0, std::min<uint64_t>(file.size(), 512)));
  if (other) {
    diagnostics
        ->Add(Code::kNotSafetensors, Place::File(file.path()),
              fmt::format("the file is {}", other->what))
        .help = other->help;
  } else {
    diagnostics->Add(Code::kBadSafetensors, Place::File(file.path()), std::string(why));
  }
}

// The length of the header, when the file can hold it.
std::optional<uint64_t> ReadHeaderLength(const InputFile& file, Diagnostics* diagnostics) {
  if (file.size() < kLengthBytes) {
    AddNotValid(file,
                fmt::format("the file has {} bytes, too few for a safetensors header", file.size()),
                diagnostics);
    return std::nullopt;
  }
  const std::string bytes = ReadText(file, 0, kLengthBytes);
  uint64_t length = 0;
  for (size_t i = kLengthBytes; i-- > 0;)
    length = length << 8 | static_cast<unsigned char>(bytes[i]);
  const uint64_t rest = file.size() - kLengthBytes;
  if (length > kMaxHeaderBytes) {
    AddNotValid(file,
                fmt::format("the header's length is {} bytes, more than {}", WithCommas(length),
                            WithCommas(kMaxHeaderBytes)),
                diagnostics);
    return std::nullopt;
  }
  if (length > rest) {
    AddNotValid(
        file,
        fmt::format(
            "the header's length is {} bytes, but only {} follow; is the download complete?",
            WithCommas(length), WithCommas(rest)),
        diagnostics);
    return std::nullopt;
  }
  return length;
}

// Tensors must cover the data section exactly. An error, or "".
std::string CheckCover(const std::vector<StoredTensor>& tensors, uint64_t data_size) {
  std::vector<uint32_t> order(tensors.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto before = [&](uint32_t a, uint32_t b) {
    return std::pair(tensors[a].begin, tensors[a].size) <
           std::pair(tensors[b].begin, tensors[b].size);
  };
  if (!std::is_sorted(order.begin(), order.end(), before))
    std::stable_sort(order.begin(), order.end(), before);
  uint64_t end = 0;
  const StoredTensor* previous = nullptr;
  for (const uint32_t i : order) {
    const StoredTensor& tensor = tensors[i];
    const std::string_view neighbour = previous != nullptr ? std::string_view(previous->name) : "";
    if (tensor.begin > end) {
      return fmt::format(
          "tensor {} begins at byte {} of the data, {} bytes after {}: no tensor holds what lies "
          "between",
          ShowName(tensor.name), tensor.begin, tensor.begin - end,
          previous != nullptr ? "the end of " + ShowName(neighbour) : "its beginning");
    }
    if (tensor.begin < end) {
      return fmt::format("tensor {} begins at byte {} of the data, inside {} which ends at {}",
                         ShowName(tensor.name), tensor.begin, ShowName(neighbour), end);
    }
    end = tensor.begin + tensor.size;  // both come from data_offsets, whose end is this sum
    previous = &tensor;
  }
  if (end > data_size) {
    return fmt::format(
        "the file is {} bytes too short for its tensors ({} ends at byte {} of the data, which has "
        "{}); is "
        "the download complete?",
        WithCommas(end - data_size), ShowName(previous->name), end, data_size);
  }
  if (end < data_size) {
    return fmt::format("the last {} bytes of the file belong to no tensor",
                       WithCommas(data_size - end));
  }
  return "";
}

}  // namespace

std::optional<SafetensorsHeader> ReadSafetensorsHeader(const InputFile& file,
                                                       Diagnostics* diagnostics) {
  const auto length = ReadHeaderLength(file, diagnostics);
  if (!length) return std::nullopt;
  HeaderJson json = ReadHeaderJson(ReadText(file, kLengthBytes, *length));
  if (!json.error.empty() && !json.is_json_map) {
    AddNotValid(file, json.error, diagnostics);
    return std::nullopt;
  }
  const uint64_t data_begin = kLengthBytes + *length;
  if (json.error.empty()) json.error = CheckCover(json.header.tensors, file.size() - data_begin);
  if (!json.error.empty()) {
    diagnostics->Add(Code::kBadSafetensors, Place::File(file.path()), json.error);
    return std::nullopt;
  }
  if (json.unknown_fields > 0) {
    diagnostics->Add(Code::kOddFile, Place::File(file.path()),
                     fmt::format("{}, which the format does not have; {} such field{} passed over",
                                 json.first_unknown, WithCommas(json.unknown_fields),
                                 json.unknown_fields == 1 ? " was" : "s were"));
  }
  for (StoredTensor& tensor : json.header.tensors) tensor.begin += data_begin;
  return std::move(json.header);
}

}  // namespace rr
