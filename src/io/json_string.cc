// Strings of JsonReader: escapes and UTF-8.
#include <fmt/format.h>

#include <cstring>

#include "io/json_reader.h"

namespace rr {
namespace {

void AppendUtf8(uint32_t c, std::string* out) {
  const auto put = [&](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

}  // namespace

size_t PlainLength(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHigh = kOnes << 7;
  const auto zero_bytes = [](uint64_t x) { return (x - kOnes) & ~x; };
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t x = 0;
    std::memcpy(&x, text.data() + i, 8);
    const uint64_t below_space = (x - kOnes * 0x20) & ~x;
    if (((x | below_space | zero_bytes(x ^ kOnes * '"') | zero_bytes(x ^ kOnes * '\\') |
          zero_bytes(x ^ kOnes * 0x7f)) &
         kHigh) != 0)
      break;
  }
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') break;
    ++i;
  }
  return i;
}

size_t Utf8SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xc2 && lead < 0xe0   ? 2
                        : lead >= 0xe0 && lead < 0xf0 ? 3
                        : lead >= 0xf0 && lead < 0xf5 ? 4
                                                      : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;  // overlong
  if (lead == 0xed && byte(1) > 0x9f) return 0;  // surrogates
  if (lead == 0xf0 && byte(1) < 0x90) return 0;  // overlong
  if (lead == 0xf4 && byte(1) > 0x8f) return 0;  // beyond U+10FFFF
  return length;
}

bool JsonReader::ReadHex4(uint32_t* out) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i, ++position_) {
    const char c = position_ < text_.size() ? text_[position_] : '\0';
    value <<= 4;
    if (c >= '0' && c <= '9') {
      value |= static_cast<uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value |= static_cast<uint32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      value |= static_cast<uint32_t>(c - 'A' + 10);
    } else {
      return Fail("four hexadecimal digits are expected after \\u");
    }
  }
  *out = value;
  return true;
}

bool JsonReader::ReadEscape(std::string* out) {
  const size_t begin = position_++;
  const char c = position_ < text_.size() ? text_[position_++] : '\0';
  switch (c) {
    case '"':
    case '\\':
    case '/':
      out->push_back(c);
      return true;
    case 'b':
      out->push_back('\b');
      return true;
    case 'f':
      out->push_back('\f');
      return true;
    case 'n':
      out->push_back('\n');
      return true;
    case 'r':
      out->push_back('\r');
      return true;
    case 't':
      out->push_back('\t');
      return true;
    case 'u':
      break;
    default:
      return FailAt(begin, "an escape that JSON does not have");
  }
  uint32_t code = 0;
  if (!ReadHex4(&code)) return false;
  if (code >= 0xd800 && code < 0xdc00 && text_.substr(position_, 2) == "\\u") {
    position_ += 2;
    uint32_t low = 0;
    if (!ReadHex4(&low)) return false;
    if (low < 0xdc00 || low > 0xdfff) return FailAt(begin, "half of a surrogate pair");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  } else if (code >= 0xd800 && code <= 0xdfff) {
    return FailAt(begin, "half of a surrogate pair");
  }
  AppendUtf8(code, out);
  return true;
}

bool JsonReader::ReadString(std::string* out) {
  if (Peek() != Kind::kString) return FailOnValue("text in double quotes");
  const size_t quote = position_++;
  out->clear();
  size_t plain = position_;  // start of the run that is copied as it is
  for (;;) {
    position_ += PlainLength(text_.substr(position_));
    if (position_ == text_.size()) break;
    const auto c = static_cast<unsigned char>(text_[position_]);
    if (c >= 0x7f) {
      const size_t length = Utf8SequenceLength(text_.substr(position_));
      if (length == 0) return Fail("bytes that are not UTF-8");
      position_ += length;
      continue;
    }
    if (c < 0x20)
      return Fail(fmt::format("the control character {:#04x} must be written as an escape", c));
    out->append(text_, plain, position_ - plain);
    if (c == '"') {
      ++position_;
      return true;
    }
    if (!ReadEscape(out)) return false;
    plain = position_;
  }
  return FailAt(quote, "text whose closing quote is missing");
}

}  // namespace rr
