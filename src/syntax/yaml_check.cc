#include "syntax/yaml_check.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.h"

namespace rr {
namespace {

constexpr size_t kMostBytes = 1'000'000;

// The length of the UTF-8 sequence at `at`, and its code point; 0 when the bytes are none: overlong
// forms, surrogates and values above U+10FFFF included.
size_t ReadUtf8(std::string_view text, size_t at, uint32_t* code_point) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) {
    *code_point = lead;
    return 1;
  }
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return 0;
  uint32_t value = lead & (0xFF >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
    value = value << 6 | (byte(at + i) & 0x3F);
  }
  const uint32_t least = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
  if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return 0;
  *code_point = value;
  return length;
}

std::string FaultOf(uint32_t code_point, std::string_view rest) {
  if (code_point == 0) return "a NUL byte; rule files are text";
  if (code_point == '\r' && rest.substr(0, 2) != "\r\n") {
    return "a carriage return that no line feed follows; end lines with a line feed";
  }
  const bool white = code_point == '\t' || code_point == '\n' || code_point == '\r';
  if ((code_point < 0x20 && !white) ||
      (code_point >= 0x7F && code_point < 0xA0 && code_point != 0x85)) {
    return fmt::format(
        "a control character (U+{:04X}); inside double quotes it can be written as `\\x{:02x}`",
        code_point, code_point);
  }
  return {};
}

}  // namespace

bool CheckYamlBytes(SourcePtr source, Diagnostics* diagnostics) {
  const std::string_view text = source->text();
  const auto refuse = [&](size_t begin, size_t end, std::string message) {
    diagnostics->Add(Code::kBadYaml,
                     Place{source, static_cast<uint32_t>(begin), static_cast<uint32_t>(end), {}},
                     std::move(message));
    return false;
  };
  if (text.size() > kMostBytes) {
    return refuse(0, 0,
                  fmt::format("the file has {} bytes; a rule file has at most {}",
                              WithCommas(text.size()), WithCommas(kMostBytes)));
  }
  const std::string_view start = text.substr(0, 2);
  if (start == "\xFF\xFE" || start == "\xFE\xFF") {
    return refuse(0, 0, "the file is UTF-16 or UTF-32; rule files are UTF-8");
  }
  for (size_t at = 0; at < text.size();) {
    uint32_t code_point = 0;
    const size_t length = ReadUtf8(text, at, &code_point);
    if (length == 0) {
      return refuse(
          at, at + 1,
          fmt::format("byte 0x{:02X} is not UTF-8", static_cast<unsigned char>(text[at])));
    }
    std::string fault = FaultOf(code_point, text.substr(at));
    if (!fault.empty()) return refuse(at, at + length, std::move(fault));
    at += length;
  }
  return true;
}

}  // namespace rr
