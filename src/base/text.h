// Small helpers on text that every stage needs for its messages.
#ifndef RULE_RUNNER_BASE_TEXT_H_
#define RULE_RUNNER_BASE_TEXT_H_

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rr {

// Edits (insert, delete, replace, exchange of neighbours) between two words.
int EditDistance(std::string_view a, std::string_view b);
// The candidate nearest to `word`, when it is near enough to be meant. Ties go to the first.
std::optional<std::string> NearestWord(std::string_view word,
                                       const std::vector<std::string>& candidates);
// "did you mean `x`?", or "" when nothing is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates);
// "a, b and c"; after `most` words: "a, b, c and 4 more".
std::string JoinWords(const std::vector<std::string>& words, size_t most = 5);
// All of the text as a number, without a sign `+` or spaces; nullopt for anything else.
template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}
// "1,234,567"
std::string WithCommas(uint64_t n);
// "4.36 GB" (powers of 1000)
std::string HumanBytes(uint64_t n);

}  // namespace rr

#endif  // RULE_RUNNER_BASE_TEXT_H_
