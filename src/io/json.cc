#include "io/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "io/json_fast.h"
#include "io/json_reader.h"

namespace rr {
namespace {

bool ReadValue(JsonReader* reader, Value* out);

// A decimal number that no double holds is either huge or tiny: which one, from its decimal
// exponent.
double OutOfRange(std::string_view token) {
  const double sign = token.front() == '-' ? -1.0 : 1.0;
  const size_t e = token.find_first_of("eE");
  const bool tiny_exponent = e != std::string_view::npos && token[e + 1] == '-';
  const std::string_view digits = token.substr(0, e);
  const bool has_whole = digits.find_first_of("123456789") < digits.find('.');
  // Thousands of written digits could outweigh an exponent; by then the sign of the exponent
  // decides wrongly only for text that no program prints.
  const bool tiny = e == std::string_view::npos ? !has_whole : tiny_exponent;
  return tiny ? sign * 0.0 : sign * std::numeric_limits<double>::infinity();
}

bool ReadNumberValue(JsonReader* reader, Value* out) {
  std::string_view token;
  if (!reader->ReadNumber(&token)) return false;
  const char* end = token.data() + token.size();
  const double infinity = std::numeric_limits<double>::infinity();
  if (token == "NaN") {
    *out = Value(std::numeric_limits<double>::quiet_NaN());
  } else if (token.back() == 'y') {
    *out = Value(token.front() == '-' ? -infinity : infinity);
  } else {
    int64_t whole = 0;
    if (const auto r = std::from_chars(token.data(), end, whole);
        r.ec == std::errc() && r.ptr == end) {
      *out = Value(whole);
      return true;
    }
    double number = 0;
    const auto r = std::from_chars(token.data(), end, number);
    *out = Value(r.ec == std::errc::result_out_of_range ? OutOfRange(token) : number);
  }
  return true;
}

bool ReadMapValue(JsonReader* reader, Value* out) {
  Value::Map map;
  std::vector<std::pair<std::string, size_t>>
      names;  // with the place after each, to point at the second of two
  std::string name;
  reader->EnterMap();
  while (reader->NextMember(&name)) {
    names.emplace_back(name, reader->offset());
    map.emplace_back(name, Value());
    if (!ReadValue(reader, &map.back().second)) return false;
  }
  if (reader->failed()) return false;
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(
      names.begin(), names.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice != names.end()) {
    return reader->FailAt((twice + 1)->second,
                          fmt::format("the name {} is there twice", JsonQuote(twice->first)));
  }
  *out = Value(std::move(map));
  return true;
}

bool ReadValue(JsonReader* reader, Value* out) {
  switch (reader->Peek()) {
    case JsonReader::Kind::kNone:
      return reader->SkipValue();  // says what is wrong
    case JsonReader::Kind::kNull:
      return reader->ReadNull();
    case JsonReader::Kind::kBool: {
      bool flag = false;
      if (!reader->ReadBool(&flag)) return false;
      *out = Value(flag);
      return true;
    }
    case JsonReader::Kind::kNumber:
      return ReadNumberValue(reader, out);
    case JsonReader::Kind::kString: {
      std::string text;
      if (!reader->ReadString(&text)) return false;
      *out = Value(std::move(text));
      return true;
    }
    case JsonReader::Kind::kList: {
      Value::List list;
      reader->EnterList();
      while (reader->NextItem()) {
        list.emplace_back();
        if (!ReadValue(reader, &list.back())) return false;
      }
      *out = Value(std::move(list));
      return !reader->failed();
    }
    case JsonReader::Kind::kMap:
      return ReadMapValue(reader, out);
  }
  return false;
}

}  // namespace

std::string WhereInJson(const std::string& text, size_t offset) {
  const auto begin = text.begin();
  const auto at = begin + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  const auto line = 1 + std::count(begin, at, '\n');
  return line == 1 ? fmt::format("byte {}", offset) : fmt::format("line {}, byte {}", line, offset);
}

std::optional<Value> ParseJson(const std::string& name, const std::string& text,
                               Diagnostics* diagnostics) {
  // Nearly every file is plain JSON, which simdjson reads. What it refuses is read again by the
  // strict reader: that one knows Python's literals and numbers of any size, and it has the better
  // words for what is wrong.
  if (std::optional<Value> fast = ReadPlainJson(text)) return fast;
  JsonReader reader(text, JsonReader::Literals::kPython);
  Value value;
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    diagnostics->Add(Code::kBadJson, Place::File(name), "the file is empty; JSON text is expected");
    return std::nullopt;
  }
  if (text.starts_with("\xef\xbb\xbf")) {
    diagnostics->Add(Code::kBadJson, Place::File(name),
                     "byte 0: JSON text must not begin with a byte order mark");
    return std::nullopt;
  }
  if (!ReadValue(&reader, &value) || !reader.ExpectEnd()) {
    diagnostics->Add(Code::kBadJson, Place::File(name),
                     fmt::format("{}: {}", WhereInJson(text, reader.offset()), reader.error()));
    return std::nullopt;
  }
  return value;
}

}  // namespace rr
