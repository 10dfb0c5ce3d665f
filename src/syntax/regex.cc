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

std::optional<std::string> CompiledRegex::Rewrite(const std::string& text,
                                                  const std::string& pattern) const {
  if (re_ == nullptr || !re_->ok()) return std::nullopt;
  constexpr int kGroups = 10;
  re2::StringPiece groups[kGroups];
  const int count = std::min(kGroups, re_->NumberOfCapturingGroups() + 1);
  if (!re_->Match(text, 0, text.size(), RE2::ANCHOR_BOTH, groups, count)) return std::nullopt;
  std::string result;
  if (!re_->Rewrite(&result, pattern, groups, count)) return std::nullopt;
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
