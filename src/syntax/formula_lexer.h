// The words of a formula: numbers, quoted text, names and symbols.
#ifndef RULE_RUNNER_SYNTAX_FORMULA_LEXER_H_
#define RULE_RUNNER_SYNTAX_FORMULA_LEXER_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace rr {

struct FormulaToken {
  enum class Kind { kEnd, kNumber, kString, kName, kSymbol, kUnclosed };
  Kind kind = Kind::kEnd;
  std::string text;  // as written; of a string without its quotes
  size_t begin = 0;
  size_t end = 0;

  // Whether it is this symbol or word, not a string that says the same.
  bool Is(std::string_view word) const {
    return (kind == Kind::kSymbol || kind == Kind::kName) && text == word;
  }
};

// The first token at or after `at`.
FormulaToken ReadFormulaToken(std::string_view text, size_t at);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_FORMULA_LEXER_H_
