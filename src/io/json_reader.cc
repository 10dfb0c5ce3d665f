#include "io/json_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace rr {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool JsonReader::FailAt(size_t offset, std::string message) {
  if (error_.empty()) {
    position_ = offset;
    error_ = std::move(message);
  }
  return false;
}

bool JsonReader::Fail(std::string message) { return FailAt(position_, std::move(message)); }

bool JsonReader::FailOnValue(const char* expected) {
  SkipSpace();
  if (position_ == text_.size())
    return Fail(fmt::format("the text ends where {} is expected", expected));
  return Fail(fmt::format("{} is expected", expected));
}

void JsonReader::SkipSpace() {
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return;
    ++position_;
  }
}

JsonReader::Kind JsonReader::Peek() {
  if (failed()) return Kind::kNone;
  SkipSpace();
  if (position_ == text_.size()) return Kind::kNone;
  switch (text_[position_]) {
    case '{':
      return Kind::kMap;
    case '[':
      return Kind::kList;
    case '"':
      return Kind::kString;
    case 't':
    case 'f':
      return Kind::kBool;
    case 'n':
      return Kind::kNull;
    case 'N':
    case 'I':
      return literals_ == Literals::kPython ? Kind::kNumber : Kind::kNone;
    default:
      return text_[position_] == '-' || IsDigit(text_[position_]) ? Kind::kNumber : Kind::kNone;
  }
}

bool JsonReader::Enter(char open, const char* what) {
  if (failed()) return false;
  SkipSpace();
  if (position_ == text_.size() || text_[position_] != open) return FailOnValue(what);
  if (depth_ == kMaxJsonDepth)
    return Fail(fmt::format("more than {} levels of nesting", kMaxJsonDepth));
  ++position_;
  first_[static_cast<size_t>(++depth_)] = true;
  return true;
}

// Steps over the comma before the next element, or over the bracket that ends the container.
bool JsonReader::Next(char close, const char* what) {
  if (failed()) return false;
  SkipSpace();
  bool& first = first_[static_cast<size_t>(depth_)];
  if (position_ < text_.size() && text_[position_] == close) {
    ++position_;
    --depth_;
    return false;
  }
  if (!first) {
    if (position_ == text_.size() || text_[position_] != ',') return FailOnValue(what);
    ++position_;
  }
  first = false;
  return true;
}

bool JsonReader::EnterMap() { return Enter('{', "a map"); }
bool JsonReader::EnterList() { return Enter('[', "a list"); }

bool JsonReader::NextMember(std::string* name) {
  if (!Next('}', "a comma or `}`")) return false;
  SkipSpace();
  if (position_ == text_.size() || text_[position_] != '"')
    return FailOnValue("a name in double quotes");
  if (!ReadString(name)) return false;
  SkipSpace();
  if (position_ == text_.size() || text_[position_] != ':') return FailOnValue("a colon");
  ++position_;
  return true;
}

bool JsonReader::NextItem() {
  if (!Next(']', "a comma or `]`")) return false;
  SkipSpace();
  if (position_ < text_.size() && text_[position_] == ']')
    return Fail("a value is expected after the comma");
  return true;
}

bool JsonReader::ReadWord(std::string_view word) {
  if (text_.substr(position_, word.size()) != word) return Fail("a value is expected");
  position_ += word.size();
  return true;
}

bool JsonReader::ReadNull() {
  if (Peek() != Kind::kNull) return FailOnValue("null");
  return ReadWord("null");
}

bool JsonReader::ReadBool(bool* out) {
  if (Peek() != Kind::kBool) return FailOnValue("true or false");
  *out = text_[position_] == 't';
  return ReadWord(*out ? "true" : "false");
}

bool JsonReader::ReadNumber(std::string_view* token) {
  if (Peek() != Kind::kNumber) return FailOnValue("a number");
  const size_t begin = position_;
  size_t p = begin;
  const auto at = [&](size_t i) { return i < text_.size() ? text_[i] : '\0'; };
  if (at(p) == '-') ++p;
  if (literals_ == Literals::kPython && (at(p) == 'I' || at(p) == 'N')) {
    position_ = p;
    if (!ReadWord(at(p) == 'N' && p == begin ? "NaN" : "Infinity")) return false;
    *token = text_.substr(begin, position_ - begin);
    return true;
  }
  if (!IsDigit(at(p))) return FailAt(p, "a digit is expected");
  if (at(p) == '0' && IsDigit(at(p + 1))) return Fail("a number has a leading zero");
  while (IsDigit(at(p))) ++p;
  if (at(p) == '.') {
    if (!IsDigit(at(++p))) return FailAt(p, "a digit is expected after the decimal point");
    while (IsDigit(at(p))) ++p;
  }
  if (at(p) == 'e' || at(p) == 'E') {
    ++p;
    if (at(p) == '+' || at(p) == '-') ++p;
    if (!IsDigit(at(p))) return FailAt(p, "a digit is expected in the exponent");
    while (IsDigit(at(p))) ++p;
  }
  position_ = p;
  *token = text_.substr(begin, p - begin);
  return true;
}

bool JsonReader::ReadUint(uint64_t* out, const char* what) {
  if (failed()) return false;
  SkipSpace();
  if (position_ == text_.size() || !IsDigit(text_[position_])) return FailOnValue(what);
  size_t p = position_;
  uint64_t n = 0;
  for (; p < text_.size() && IsDigit(text_[p]); ++p) {
    const auto digit = static_cast<uint64_t>(text_[p] - '0');
    if (n > (std::numeric_limits<uint64_t>::max() - digit) / 10)
      return Fail("a number does not fit 64 bits");
    n = n * 10 + digit;
  }
  if (text_[position_] == '0' && p - position_ > 1) return Fail("a number has a leading zero");
  if (p < text_.size() && (text_[p] == '.' || text_[p] == 'e' || text_[p] == 'E'))
    return Fail(fmt::format("{} is expected", what));
  position_ = p;
  *out = n;
  return true;
}

bool JsonReader::SkipValue() {
  std::string text;
  std::string_view token;
  bool flag = false;
  switch (Peek()) {
    case Kind::kNone:
      return FailOnValue("a value");
    case Kind::kNull:
      return ReadNull();
    case Kind::kBool:
      return ReadBool(&flag);
    case Kind::kNumber:
      return ReadNumber(&token);
    case Kind::kString:
      return ReadString(&text);
    case Kind::kList:
      EnterList();
      while (NextItem()) SkipValue();
      return !failed();
    case Kind::kMap: {
      EnterMap();
      std::vector<std::string> names;
      while (NextMember(&text)) {
        names.push_back(text);
        SkipValue();
      }
      std::sort(names.begin(), names.end());
      const auto twice = std::adjacent_find(names.begin(), names.end());
      if (twice != names.end()) return Fail(fmt::format("a map has the name `{}` twice", *twice));
      return !failed();
    }
  }
  return false;
}

bool JsonReader::ExpectEnd() {
  if (failed()) return false;
  SkipSpace();
  if (position_ == text_.size()) return true;
  if (text_[position_] == '\0') return Fail("NUL bytes follow the text; only spaces may");
  return Fail("more text follows the end of the value");
}

}  // namespace rr
