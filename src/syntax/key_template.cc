#include "syntax/key_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <span>
#include <utility>

#include "base/text.h"
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

class TemplateParser {
 public:
  TemplateParser(const SpannedText& text, Diagnostics* diagnostics)
      : text_(text), diagnostics_(diagnostics) {}

  std::optional<KeyTemplate> Run() {
    const std::string& s = text_.text;
    KeyTemplate key;
    key.text = text_;
    for (size_t at = 0; at < s.size();) {
      size_t end = std::min(s.find_first_of("{}", at), s.size());
      if (end != at) {
        key.parts.push_back(
            {KeyPart::Kind::kLiteral, s.substr(at, end - at), {}, text_.PlaceOf(at, end)});
      } else {
        if (s[at] == '}') return Fail(at, at + 1, "`}` closes nothing");
        const size_t close = s.find('}', at);
        if (close == std::string::npos) return Fail(at, at + 1, "`{` is not closed");
        std::optional<KeyPart> part = InBraces(at, close);
        if (!part) return std::nullopt;
        key.parts.push_back(std::move(*part));
        end = close + 1;
      }
      at = end;
    }
    if (key.parts.empty()) return Fail(0, 0, "the key is empty");
    return key;
  }

 private:
  std::nullopt_t Fail(size_t begin, size_t end, std::string message) {
    diagnostics_->Add(Code::kBadKeyTemplate, text_.PlaceOf(begin, end), std::move(message));
    return std::nullopt;
  }

  std::optional<KeyPart> InBraces(size_t open, size_t close) {
    const size_t name_end = std::min(text_.text.find(':', open), close);
    KeyPart part;
    part.text = text_.text.substr(open + 1, name_end - open - 1);
    part.place = text_.PlaceOf(open, close + 1);
    if (IsAxisName(part.text)) {
      part.kind = KeyPart::Kind::kCapture;
    } else if (IsTensorName(part.text)) {
      part.kind = KeyPart::Kind::kName;
    } else if (part.text.empty()) {
      return Fail(open, close + 1,
                  "a capture names an axis (Capitalised) or a named string (lower case)");
    } else {
      return Fail(
          open + 1, name_end,
          fmt::format("`{}` is neither an axis (Capitalised) nor a named string (lower case)",
                      part.text));
    }
    if (name_end == close) return part;
    if (part.kind != KeyPart::Kind::kCapture) {
      return Fail(
          open + 1, name_end,
          fmt::format("`{}` has its own words, so it captures an axis: write it Capitalised",
                      part.text));
    }
    return ReadWords(name_end + 1, close, &part) ? std::optional(std::move(part)) : std::nullopt;
  }

  bool ReadWords(size_t begin, size_t close, KeyPart* part) {
    while (begin <= close) {
      const size_t bar = std::min(text_.text.find('|', begin), close);
      part->words.push_back(text_.text.substr(begin, bar - begin));
      if (!IsCaptureWord(part->words.back())) {
        Fail(begin, bar,
             "the words of a capture are letters, digits, `_`, `.` and `-`, with `|` between them");
        return false;
      }
      begin = bar + 1;
    }
    return true;
  }

  const SpannedText& text_;
  Diagnostics* diagnostics_;
};

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
  return TemplateParser(text, diagnostics).Run();
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
  const std::optional<int64_t> value = ParseNumber<int64_t>(text);
  return value && *value >= 0 ? value : std::nullopt;
}

}  // namespace rr
