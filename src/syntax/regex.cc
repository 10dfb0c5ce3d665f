#include "syntax/regex.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

namespace rr {
namespace {

// `{}` in the beginning of a tree: as quoted text, and what it matches.
constexpr std::string_view kQuotedNumber = R"(\{\})", kNumberRegex = "[0-9]+";

RE2::Options Quietly() {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(8 << 20);
  return options;
}

}  // namespace

bool CompilesAsRegex(const SpannedText& regex, Diagnostics* diagnostics) {
  const RE2 re(regex.text, Quietly());
  if (re.ok()) return true;
  const std::string& argument = re.error_arg();
  const size_t at = argument.empty() ? std::string::npos : regex.text.find(argument);
  const Place place =
      at == std::string::npos ? regex.place() : regex.PlaceOf(at, at + argument.size());
  diagnostics->Add(Code::kBadKeyRegex, place,
                   fmt::format("RE2 refuses this regex: {}", re.error()));
  return false;
}

bool CheckRegex(const SpannedText& regex, Diagnostics* diagnostics) {
  if (!CompilesAsRegex(regex, diagnostics)) return false;
  const RE2 re(regex.text, Quietly());
  // Two texts that no two real keys have in common: a regex that takes both takes everything.
  if (RE2::FullMatch("", re) || (RE2::FullMatch("\x01", re) && RE2::FullMatch("zz.9-~", re))) {
    diagnostics->Add(Code::kBadKeyRegex, regex.place(), "this regex matches every key");
    return false;
  }
  return true;
}

SpannedText RegexOfTree(const std::string& name, const SpannedText& beginning) {
  SpannedText regex = beginning;
  std::string quoted = RE2::QuoteMeta(beginning.text);
  if (const size_t at = quoted.find(kQuotedNumber); at != std::string::npos)
    quoted.replace(at, kQuotedNumber.size(), kNumberRegex);
  regex.text = fmt::format("(?P<{}>{}).*", name, quoted);
  regex.offsets = beginning.OffsetsFor(regex.text);
  return regex;
}

std::optional<KeyTree> TreeOf(const std::string& regex) {
  static const RE2 kForm(R"(\(\?P<(\w+)>((?:[\w/-]|\\\W|\[0-9\]\+)+)\)\.\*)", Quietly());
  KeyTree tree;
  if (!RE2::FullMatch(regex, kForm, &tree.name, &tree.beginning)) return std::nullopt;
  if (const size_t at = tree.beginning.find(kNumberRegex); at != std::string::npos)
    tree.beginning.replace(at, kNumberRegex.size(), "{}");
  std::erase(tree.beginning, '\\');
  return tree;
}

CompiledRegex::CompiledRegex(const std::string& regex)
    : re_(std::make_shared<const RE2>(regex, Quietly())) {}

bool CompiledRegex::Matches(const std::string& text) const {
  return re_ != nullptr && re_->ok() && RE2::FullMatch(text, *re_);
}

std::optional<RegexMatch> CompiledRegex::Match(const std::string& text) const {
  if (re_ == nullptr || !re_->ok()) return std::nullopt;
  constexpr int kGroups = 10;
  re2::StringPiece found[kGroups];
  const int count = std::min(kGroups, re_->NumberOfCapturingGroups() + 1);
  if (!re_->Match(text, 0, text.size(), RE2::ANCHOR_BOTH, found, count)) return std::nullopt;
  std::vector<std::string_view> groups;
  for (int i = 0; i < count; ++i) groups.emplace_back(found[i].data(), found[i].size());
  return RegexMatch(std::move(groups));
}

std::string_view CompiledRegex::pattern() const {
  return re_ == nullptr ? std::string_view() : std::string_view(re_->pattern());
}

const std::optional<RegexMatch>& RegexMemo::Match(const CompiledRegex& regex,
                                                  const std::string& text) {
  const auto of_text = known_.try_emplace(text).first;
  ByPattern& by_pattern = of_text->second;
  auto found = by_pattern.find(regex.pattern());
  if (found == by_pattern.end())
    found = by_pattern.emplace(regex.pattern(), regex.Match(of_text->first)).first;
  return found->second;
}

std::optional<std::string> RegexMatch::Rewrite(std::string_view pattern) const {
  std::string result;
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] != '\\' || at + 1 == pattern.size()) {
      result += pattern[at];
      continue;
    }
    const char c = pattern[++at];
    if (c < '0' || c > '9') {
      result += c;
      continue;
    }
    const auto group = static_cast<size_t>(c - '0');
    if (group >= groups_.size()) return std::nullopt;
    result += groups_[group];
  }
  return result;
}

std::optional<size_t> FirstMatch(const std::string& regex, const std::vector<std::string>& texts) {
  const RE2 re(regex, Quietly());
  if (!re.ok()) return std::nullopt;
  const auto found = std::find_if(texts.begin(), texts.end(), [&](const std::string& text) {
    return RE2::FullMatch(text, re);
  });
  if (found == texts.end()) return std::nullopt;
  return static_cast<size_t>(found - texts.begin());
}

std::vector<std::string> GroupNames(const std::string& regex) {
  const RE2 re(regex, Quietly());
  std::vector<std::string> names;
  if (!re.ok()) return names;
  for (const auto& [index, name] : re.CapturingGroupNames()) names.push_back(name);
  return names;
}

}  // namespace rr
