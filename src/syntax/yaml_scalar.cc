#include "syntax/yaml_scalar.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>

namespace rr {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsBreak(char c) { return c == '\n' || c == '\r'; }

std::string Utf8(uint32_t code_point) {
  const auto byte = [](uint32_t n) { return static_cast<char>(static_cast<unsigned char>(n)); };
  if (code_point < 0x80) return {byte(code_point)};
  if (code_point < 0x800) return {byte(0xC0 | code_point >> 6), byte(0x80 | (code_point & 0x3F))};
  if (code_point < 0x10000) {
    return {byte(0xE0 | code_point >> 12), byte(0x80 | (code_point >> 6 & 0x3F)),
            byte(0x80 | (code_point & 0x3F))};
  }
  return {byte(0xF0 | code_point >> 18), byte(0x80 | (code_point >> 12 & 0x3F)),
          byte(0x80 | (code_point >> 6 & 0x3F)), byte(0x80 | (code_point & 0x3F))};
}

// The text of the escape whose letter is source[at], and how many bytes letter and digits take; 0
// when it is none.
size_t ReadEscape(std::string_view source, size_t at, std::string* text) {
  static constexpr std::string_view kLetters = "0abtnvfre \"/\\";
  static constexpr std::string_view kMeaning("\0\a\b\t\n\v\f\r\x1b \"/\\", 13);
  if (at >= source.size()) return 0;
  const char letter = source[at];
  if (letter == '\t') {
    *text = "\t";
    return 1;
  }
  if (const size_t i = kLetters.find(letter); i != std::string_view::npos) {
    *text = kMeaning.substr(i, 1);
    return 1;
  }
  switch (letter) {
    case 'N':
      *text = Utf8(0x85);
      return 1;
    case '_':
      *text = Utf8(0xA0);
      return 1;
    case 'L':
      *text = Utf8(0x2028);
      return 1;
    case 'P':
      *text = Utf8(0x2029);
      return 1;
    default:
      break;
  }
  const size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  if (digits == 0 || at + digits >= source.size()) return 0;
  uint32_t code_point = 0;
  for (size_t i = 1; i <= digits; ++i) {
    const char c = source[at + i];
    uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<uint32_t>(c - '0');
    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
      digit = static_cast<uint32_t>((c | 0x20) - 'a') + 10;
    } else {
      return 0;
    }
    code_point = code_point << 4 | digit;
  }
  *text = Utf8(code_point);
  return digits + 1;
}

class Walk {
 public:
  Walk(std::string_view source, size_t begin, std::string_view value)
      : source_(source), value_(value), at_(begin) {
    offsets_.reserve(value.size() + 1);
  }

  // False when source and value disagree.
  bool Plain();
  bool Quoted(char quote);
  bool Block(bool folded);

  std::vector<uint32_t> TakeOffsets() { return std::move(offsets_); }
  size_t end() const { return end_; }

 private:
  bool Done() const { return offsets_.size() == value_.size(); }
  bool Take(char c, size_t offset) {
    if (Done() || value_[offsets_.size()] != c) return false;
    offsets_.push_back(static_cast<uint32_t>(offset));
    return true;
  }
  bool Finish(size_t after_last, size_t end) {
    if (!Done()) return false;
    offsets_.push_back(static_cast<uint32_t>(after_last));
    end_ = end;
    return true;
  }

  bool Whitespace();
  bool Continuation();
  bool Escape();
  size_t BlockIndent() const;
  // Where the line of `at` ends, before its line break, and where the next one begins.
  size_t LineEnd(size_t at) const {
    const size_t end = std::min(source_.find('\n', at), source_.size());
    return end > at && source_[end - 1] == '\r' ? end - 1 : end;
  }
  size_t NextLine(size_t line_end) const {
    const size_t line_break = source_.find('\n', line_end);
    return line_break == std::string_view::npos ? source_.size() : line_break + 1;
  }
  bool Join(const std::vector<size_t>& breaks);

  std::string_view source_;
  std::string_view value_;
  size_t at_;
  size_t end_ = 0;
  std::vector<uint32_t> offsets_;
};

// Blanks on one line stand for themselves; a run with line breaks is folded: one break is a space,
// more are one fewer.
bool Walk::Whitespace() {
  const size_t begin = at_;
  std::vector<size_t> breaks;
  while (at_ < source_.size() && (IsBlank(source_[at_]) || IsBreak(source_[at_]))) {
    if (source_[at_] == '\n') breaks.push_back(at_);
    ++at_;
  }
  if (breaks.empty()) {
    for (size_t i = begin; i < at_; ++i) {
      if (!Take(source_[i], i)) return false;
    }
    return true;
  }
  if (breaks.size() == 1) return Take(' ', begin);
  for (size_t i = 1; i < breaks.size(); ++i) {
    if (!Take('\n', breaks[i])) return false;
  }
  return true;
}

bool Walk::Plain() {
  while (!Done()) {
    if (at_ >= source_.size()) return false;
    if (IsBlank(source_[at_]) || IsBreak(source_[at_])) {
      if (!Whitespace()) return false;
    } else {
      if (!Take(source_[at_], at_)) return false;
      ++at_;
    }
  }
  return Finish(at_, at_);
}

// A line break after a backslash is nothing; the empty lines after it still count.
bool Walk::Continuation() {
  bool first = true;
  while (at_ < source_.size() && (IsBlank(source_[at_]) || IsBreak(source_[at_]))) {
    if (source_[at_] == '\n') {
      if (!first && !Take('\n', at_)) return false;
      first = false;
    }
    ++at_;
  }
  return true;
}

bool Walk::Escape() {
  const size_t backslash = at_++;
  if (at_ < source_.size() && IsBreak(source_[at_])) return Continuation();
  std::string text;
  const size_t count = ReadEscape(source_, at_, &text);
  if (count == 0) return false;
  at_ += count;
  return std::all_of(text.begin(), text.end(), [&](char c) { return Take(c, backslash); });
}

bool Walk::Quoted(char quote) {
  ++at_;
  while (at_ < source_.size()) {
    const char c = source_[at_];
    if (IsBlank(c) || IsBreak(c)) {
      if (!Whitespace()) return false;
    } else if (c == '\\' && quote == '"') {
      if (!Escape()) return false;
    } else if (c == quote) {
      const bool doubled = quote == '\'' && at_ + 1 < source_.size() && source_[at_ + 1] == quote;
      if (!doubled) return Finish(at_, at_ + 1);
      if (!Take(quote, at_)) return false;
      at_ += 2;
    } else {
      if (!Take(c, at_)) return false;
      ++at_;
    }
  }
  return false;
}

// How many spaces the parser took off every line. Seen by comparing the first lines that hold
// anything: so it does not matter whether it was stated (`|2`) or detected.
size_t Walk::BlockIndent() const {
  const size_t in_value = value_.find_first_not_of(" \n");
  if (in_value == std::string_view::npos) return std::numeric_limits<size_t>::max();
  const size_t value_line = value_.substr(0, in_value).rfind('\n') + 1;  // npos + 1 is 0
  const size_t in_source = source_.find_first_not_of(" \r\n", at_);
  if (in_source == std::string_view::npos) return 0;
  const size_t source_line = source_.substr(0, in_source).rfind('\n') + 1;
  const size_t kept = in_value - value_line;
  return in_source - source_line - std::min(kept, in_source - source_line);
}

// The line breaks between two lines of a folded scalar: a space, or the line breaks that were kept.
bool Walk::Join(const std::vector<size_t>& breaks) {
  if (breaks.empty()) return true;
  if (breaks.size() == 1 && Take(' ', breaks[0])) return true;
  size_t kept = 0;
  while (offsets_.size() + kept < value_.size() && value_[offsets_.size() + kept] == '\n') ++kept;
  if (kept == 0 || kept > breaks.size()) return false;
  for (size_t i = breaks.size() - kept; i < breaks.size(); ++i) {
    if (!Take('\n', breaks[i])) return false;
  }
  return true;
}

bool Walk::Block(bool folded) {
  end_ = LineEnd(at_);
  at_ = NextLine(end_);
  const size_t indent = BlockIndent();
  size_t after_last = at_;
  std::vector<size_t> breaks;  // since the last line with content
  // Trailing line breaks are left to the end: how many are kept depends on chomping.
  while (offsets_.size() < value_.size() && at_ < source_.size() &&
         value_.find_first_not_of('\n', offsets_.size()) != std::string_view::npos) {
    const size_t line_end = LineEnd(at_);
    for (size_t n = 0; n < indent && at_ < line_end && source_[at_] == ' '; ++n) ++at_;
    if (at_ < line_end) {
      if (folded && !Join(breaks)) return false;
      if (!folded) {
        for (const size_t offset : breaks) {
          if (!Take('\n', offset)) return false;
        }
      }
      breaks.clear();
      for (; at_ < line_end && !Done(); ++at_) {
        if (!Take(source_[at_], at_)) return false;
      }
      after_last = end_ = at_;
    }
    breaks.push_back(line_end);
    at_ = NextLine(line_end);
  }
  // The breaks seen so far, then those of the empty lines that follow.
  size_t next = 0;
  while (!Done()) {
    size_t offset = source_.size();
    if (next < breaks.size()) {
      offset = breaks[next++];
    } else if (at_ < source_.size()) {
      offset = LineEnd(at_);
      at_ = NextLine(offset);
    }
    if (!Take('\n', offset)) return false;
    after_last = NextLine(offset);
  }
  return Finish(after_last, end_);
}

}  // namespace

ScalarPlaces PlaceScalar(std::string_view source, uint32_t begin, std::string_view value,
                         bool plain) {
  if (begin < source.size()) {
    Walk walk(source, begin, value);
    const char first = source[begin];
    const bool exact = plain                           ? walk.Plain()
                       : first == '\'' || first == '"' ? walk.Quoted(first)
                       : first == '|' || first == '>'  ? walk.Block(first == '>')
                                                       : false;
    if (exact) return {walk.TakeOffsets(), static_cast<uint32_t>(walk.end()), true};
  }
  const auto size = static_cast<uint32_t>(source.size());
  begin = std::min(begin, size);
  return {std::vector<uint32_t>(value.size() + 1, begin), std::min(begin + 1, size), false};
}

}  // namespace rr
