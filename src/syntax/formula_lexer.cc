#include "syntax/formula_lexer.h"

#include <algorithm>

namespace rr {
namespace {

// Not <cctype>: formulas mean the same in every locale.
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Past the letters and digits at `at`, and past dots that `may_follow` one.
template <typename MayFollow>
size_t WordEnd(std::string_view text, size_t at, MayFollow may_follow) {
  while (at < text.size()) {
    const bool dot = text[at] == '.' && at + 1 < text.size() && may_follow(text[at + 1]);
    if (!dot && !IsLetter(text[at]) && !IsDigit(text[at])) break;
    ++at;
  }
  return at;
}

size_t SymbolEnd(std::string_view text, size_t at) {
  for (const std::string_view two : {"??", "==", "!=", "<=", ">=", "//", "&&", "||", "**"}) {
    if (text.substr(at, 2) == two) return at + 2;
  }
  size_t end = at + 1;  // a whole character where it is not ASCII
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return end;
}

}  // namespace

FormulaToken ReadFormulaToken(std::string_view text, size_t at) {
  using Kind = FormulaToken::Kind;
  while (at < text.size() && IsSpace(text[at])) ++at;
  FormulaToken token;
  token.begin = token.end = at;
  if (at >= text.size()) return token;
  const char first = text[at];
  if (first == '"' || first == '\'') {
    const size_t quote = text.find(first, at + 1);
    token.kind = quote == std::string_view::npos ? Kind::kUnclosed : Kind::kString;
    token.end = std::min(quote, text.size() - 1) + 1;
    token.text = text.substr(at + 1, std::min(quote, text.size()) - at - 1);
    return token;
  }
  if (IsDigit(first)) {
    token.kind = Kind::kNumber;
    token.end = WordEnd(text, at, IsDigit);
  } else if (IsLetter(first)) {
    token.kind = Kind::kName;
    token.end = WordEnd(text, at, [](char c) { return IsLetter(c) || IsDigit(c); });
    while (token.end < text.size() && text[token.end] == '\'') ++token.end;
  } else {
    token.kind = Kind::kSymbol;
    token.end = SymbolEnd(text, at);
  }
  token.text = text.substr(at, token.end - at);
  return token;
}

}  // namespace rr
