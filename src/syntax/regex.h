// Regexes that authors write (`match`, `ignore`, `pass`): RE2's language, checked where they stand.
#ifndef RULE_RUNNER_SYNTAX_REGEX_H_
#define RULE_RUNNER_SYNTAX_REGEX_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"

namespace re2 {
class RE2;
}

namespace rr {

// RR105 for what RE2 refuses, and for a regex that matches the empty text or every key.
bool CheckRegex(const SpannedText& regex, Diagnostics* diagnostics);
// RR105 for what RE2 refuses.
bool CompilesAsRegex(const SpannedText& regex, Diagnostics* diagnostics);
// What a regex found in a text, which must outlive it.
class RegexMatch {
 public:
  explicit RegexMatch(std::vector<std::string_view> groups) : groups_(std::move(groups)) {}
  // `pattern` with \0 .. \9 replaced by the groups, \0 being the whole; nullopt when there is no
  // such group.
  std::optional<std::string> Rewrite(std::string_view pattern) const;

 private:
  std::vector<std::string_view> groups_;
};
// A regex that is asked often: compiled once, shared by its copies.
class CompiledRegex {
 public:
  CompiledRegex() = default;  // matches nothing
  explicit CompiledRegex(const std::string& regex);
  bool Matches(const std::string& text) const;
  // nullopt when it does not match the whole text.
  std::optional<RegexMatch> Match(const std::string& text) const;
  std::string_view pattern() const;

 private:
  std::shared_ptr<const re2::RE2> re_;
};
// What regexes find in texts, for callers that ask the same of the same again and again.
class RegexMemo {
 public:
  // As `regex.Match(text)`; it stays where it is.
  const std::optional<RegexMatch>& Match(const CompiledRegex& regex, const std::string& text);

 private:
  using ByPattern = std::map<std::string, std::optional<RegexMatch>, std::less<>>;
  std::unordered_map<std::string, ByPattern> known_;  // by text
};
// A tree of keys: all that begin alike. As a regex (`pass: {visual: model.visual.}`) it is that
// beginning in a group of the tree's name, and anything behind it: `(?P<visual>model\.visual\.).*`.
struct KeyTree {
  std::string name, beginning;
};
SpannedText RegexOfTree(const std::string& name, const SpannedText& beginning);
// nullopt for a regex of any other form.
std::optional<KeyTree> TreeOf(const std::string& regex);
// The first of the texts that the regex matches as a whole; nullopt when there is none.
std::optional<size_t> FirstMatch(const std::string& regex, const std::vector<std::string>& texts);
// The names of its named groups, in the order of the regex; empty when it is no regex.
std::vector<std::string> GroupNames(const std::string& regex);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_REGEX_H_
