#include "syntax/key_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <span>
#include <utility>

#include "syntax/axis_expression.h"

namespace rr {
namespace {

std::string QuoteRegex(std::string_view literal) {
  std::string out;
  for (const char c : literal) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

bool IsDecimal(char c) { return c >= '0' && c <= '9'; }

bool Reads(std::span<const KeyPart> parts, std::string_view text) {
  if (parts.empty()) return text.empty();
  const KeyPart& part = parts[0];
  const auto rest = parts.subspan(1);
  const auto reads_behind = [&](std::string_view word) {
    return text.starts_with(word) && Reads(rest, text.substr(word.size()));
  };
  if (part.kind != KeyPart::Kind::kCapture) return reads_behind(part.text);
  if (!part.words.empty()) return std::any_of(part.words.begin(), part.words.end(), reads_behind);
  // A number has no leading zero.
  for (size_t digits = 1; digits <= text.size() && IsDecimal(text[digits - 1]); ++digits) {
    if (Reads(rest, text.substr(digits))) return true;
    if (text[0] == '0') break;
  }
  return false;
}

}  // namespace

bool IsCaptureWord(std::string_view word) {
  if (word.empty()) return false;
  for (const char c : word) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.' && c != '-')
      return false;
  }
  return true;
}

std::optional<KeyTemplate> ParseKeyTemplate(const SpannedText& text, Diagnostics* diagnostics) {
  KeyTemplate key;
  key.text = text;
  const std::string& s = text.text;
  auto fail = [&](size_t begin, size_t end, std::string message) {
    diagnostics->Add(Code::kBadKeyTemplate, text.PlaceOf(begin, end), std::move(message));
    return std::nullopt;
  };
  for (size_t at = 0; at < s.size();) {
    const size_t brace = s.find_first_of("{}", at);
    if (brace != at) {
      const size_t end = brace == std::string::npos ? s.size() : brace;
      key.parts.push_back(
          {KeyPart::Kind::kLiteral, s.substr(at, end - at), {}, text.PlaceOf(at, end)});
      at = end;
      continue;
    }
    if (s[at] == '}') return fail(at, at + 1, "`}` closes nothing");
    const size_t close = s.find('}', at);
    if (close == std::string::npos) return fail(at, at + 1, "`{` is not closed");
    const size_t colon = s.find(':', at);
    const size_t name_end = colon < close ? colon : close;
    KeyPart part;
    part.text = s.substr(at + 1, name_end - at - 1);
    part.place = text.PlaceOf(at, close + 1);
    if (IsAxisName(part.text)) {
      part.kind = KeyPart::Kind::kCapture;
    } else if (IsTensorName(part.text)) {
      part.kind = KeyPart::Kind::kName;
    } else {
      if (part.text.empty())
        return fail(at, close + 1,
                    "a capture names an axis (Capitalised) or a named string (lower case)");
      return fail(
          at + 1, name_end,
          fmt::format("`{}` is neither an axis (Capitalised) nor a named string (lower case)",
                      part.text));
    }
    if (colon < close) {
      if (part.kind != KeyPart::Kind::kCapture) {
        return fail(
            at + 1, name_end,
            fmt::format("`{}` has its own words, so it captures an axis: write it Capitalised",
                        part.text));
      }
      for (size_t begin = colon + 1; begin <= close;) {
        const size_t bar = std::min(s.find('|', begin), close);
        part.words.push_back(s.substr(begin, bar - begin));
        if (!IsCaptureWord(part.words.back())) {
          return fail(begin, bar,
                      "the words of a capture are letters, digits, `_`, `.` and `-`, with `|` "
                      "between them");
        }
        begin = bar + 1;
      }
    }
    key.parts.push_back(std::move(part));
    at = close + 1;
  }
  if (key.parts.empty()) return fail(0, 0, "the key is empty");
  return key;
}

std::vector<std::string> KeyTemplate::Captures() const {
  std::vector<std::string> axes;
  for (const KeyPart& part : parts) {
    if (part.kind == KeyPart::Kind::kCapture) axes.push_back(part.text);
  }
  return axes;
}

std::string KeyTemplate::ToString() const {
  std::string out;
  for (const KeyPart& part : parts) {
    if (part.kind == KeyPart::Kind::kLiteral) {
      out += part.text;
      continue;
    }
    out += "{" + part.text;
    for (size_t i = 0; i < part.words.size(); ++i) out += (i == 0 ? ":" : "|") + part.words[i];
    out += "}";
  }
  return out;
}

KeyTemplate Normalized(KeyTemplate key) {
  size_t kept = 0;
  for (KeyPart& part : key.parts) {
    if (part.kind == KeyPart::Kind::kLiteral) {
      if (part.text.empty()) continue;
      if (kept > 0 && key.parts[kept - 1].kind == KeyPart::Kind::kLiteral) {
        key.parts[kept - 1].text += part.text;
        continue;
      }
    }
    if (&key.parts[kept] != &part) key.parts[kept] = std::move(part);
    ++kept;
  }
  key.parts.resize(kept);
  return key;
}

KeyTemplate ReplacePart(KeyTemplate key, KeyPart::Kind kind, std::string_view name,
                        const KeyTemplate& by) {
  const auto is_it = [&](const KeyPart& part) {
    return part.kind == kind && part.text == name && part.words.empty();
  };
  for (size_t i = 0; i < key.parts.size(); ++i) {
    if (!is_it(key.parts[i])) continue;
    const auto at = key.parts.erase(key.parts.begin() + static_cast<ptrdiff_t>(i));
    key.parts.insert(at, by.parts.begin(), by.parts.end());
    i += by.parts.size() - 1;  // what is put in is not looked at
  }
  return Normalized(std::move(key));
}

std::string ToRegex(const KeyTemplate& key) {
  std::string regex;
  for (const KeyPart& part : key.parts) {
    if (part.kind == KeyPart::Kind::kLiteral) {
      regex += QuoteRegex(part.text);
    } else if (part.words.empty()) {
      regex += "(0|[1-9][0-9]*)";
    } else {
      regex += "(";
      for (size_t i = 0; i < part.words.size(); ++i)
        regex += (i > 0 ? "|" : "") + QuoteRegex(part.words[i]);
      regex += ")";
    }
  }
  return regex;
}

bool IsKeyOf(const KeyTemplate& key, std::string_view text) { return Reads(key.parts, text); }

std::string FormatKey(const KeyTemplate& key,
                      const std::function<int64_t(const std::string& axis)>& value_of) {
  std::string out;
  for (const KeyPart& part : key.parts) {
    if (part.kind == KeyPart::Kind::kLiteral) {
      out += part.text;
      continue;
    }
    const int64_t value = value_of(part.text);
    out += part.words.empty() ? std::to_string(value) : part.words.at(static_cast<size_t>(value));
  }
  return out;
}

std::optional<int64_t> CaptureValue(const KeyPart& part, std::string_view text) {
  if (!part.words.empty()) {
    for (size_t i = 0; i < part.words.size(); ++i) {
      if (part.words[i] == text) return static_cast<int64_t>(i);
    }
    return std::nullopt;
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace rr
