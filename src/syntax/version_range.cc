#include "syntax/version_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace rr {
namespace {

constexpr std::pair<std::string_view, VersionRange::Op> kOps[] = {
    {"==", VersionRange::Op::kEqual},     {"!=", VersionRange::Op::kNotEqual},
    {"<=", VersionRange::Op::kLessEqual}, {">=", VersionRange::Op::kGreaterEqual},
    {"<", VersionRange::Op::kLess},       {">", VersionRange::Op::kGreater}};

bool HoldsClause(const VersionRange::Clause& clause, const Version& version) {
  const int order = Compare(version, clause.version);
  switch (clause.op) {
    case VersionRange::Op::kEqual:
      return order == 0;
    case VersionRange::Op::kNotEqual:
      return order != 0;
    case VersionRange::Op::kLess:
      return order < 0;
    case VersionRange::Op::kLessEqual:
      return order <= 0;
    case VersionRange::Op::kGreater:
      return order > 0;
    case VersionRange::Op::kGreaterEqual:
      return order >= 0;
  }
  return false;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// What a word after the numbers means for the order: below 0 it leads to the release, above 0 it
// follows it.
struct TailWord {
  std::string_view word;
  std::string_view shown;
  int rank;
};
constexpr TailWord kTailWords[] = {{"dev", "dev", -4},  {"alpha", "a", -3}, {"a", "a", -3},
                                   {"beta", "b", -2},   {"b", "b", -2},     {"preview", "rc", -1},
                                   {"pre", "rc", -1},   {"rc", "rc", -1},   {"c", "rc", -1},
                                   {"post", "post", 1}, {"rev", "post", 1}, {"r", "post", 1}};

// Takes the digits at the front of `text`: 0 when there are none, nullopt when they are no number
// of a version.
std::optional<int> TakeNumber(std::string_view* text) {
  constexpr int kMost = 1'000'000'000;
  if (text->empty() || !IsDigit(text->front())) return 0;
  int n = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), n);
  if (error != std::errc() || n > kMost) return std::nullopt;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return n;
}

const TailWord* TakeTailWord(std::string_view* text) {
  std::string word;
  for (const char c : *text) {
    if (!IsLetter(c)) break;
    word += static_cast<char>(c | 0x20);
  }
  text->remove_prefix(word.size());
  for (const TailWord& known : kTailWords) {
    if (word == known.word) return &known;
  }
  return nullptr;
}

// The tail as (rank, number) pairs. One pair of zeros ends it, so that no tail sorts between rc and
// post.
std::vector<std::pair<int, int>> RanksOf(std::string_view tail) {
  std::vector<std::pair<int, int>> ranks;
  while (!tail.empty()) {
    if (tail.front() == '.') tail.remove_prefix(1);
    const TailWord* word = TakeTailWord(&tail);
    if (word == nullptr) break;  // only a tail that Parse did not make
    const int number = TakeNumber(&tail).value_or(0);
    ranks.emplace_back(word->rank, number);
  }
  ranks.emplace_back(0, 0);
  return ranks;
}

}  // namespace

std::optional<Version> Version::Parse(std::string_view text) {
  Version version;
  text = text.substr(0, text.find('+'));  // a local build (+cu126) is the release itself
  while (!text.empty() && IsDigit(text.front())) {
    const std::optional<int> part = TakeNumber(&text);
    if (!part) return std::nullopt;
    version.parts.push_back(*part);
    if (text.size() < 2 || text[0] != '.' || !IsDigit(text[1])) break;
    text.remove_prefix(1);
  }
  if (version.parts.empty()) return std::nullopt;
  const auto is_separator = [](char c) { return c == '.' || c == '-' || c == '_'; };
  while (!text.empty()) {
    if (is_separator(text.front())) text.remove_prefix(1);
    const TailWord* word = TakeTailWord(&text);
    if (text.size() > 1 && is_separator(text[0]) && IsDigit(text[1])) text.remove_prefix(1);
    const std::optional<int> number = TakeNumber(&text);
    if (word == nullptr || !number) return std::nullopt;
    version.tail += fmt::format("{}{}{}", version.tail.empty() ? "" : ".", word->shown, *number);
  }
  return version;
}

std::string Version::ToString() const {
  const bool dot = tail.starts_with("dev") || tail.starts_with("post");
  return fmt::format("{}{}{}", fmt::join(parts, "."), dot ? "." : "", tail);
}

int Compare(const Version& a, const Version& b) {
  for (size_t i = 0; i < std::max(a.parts.size(), b.parts.size()); ++i) {
    const int x = i < a.parts.size() ? a.parts[i] : 0;
    const int y = i < b.parts.size() ? b.parts[i] : 0;
    if (x != y) return x < y ? -1 : 1;
  }
  const auto x = RanksOf(a.tail);
  const auto y = RanksOf(b.tail);
  return x < y ? -1 : x == y ? 0 : 1;
}

std::optional<VersionRange> VersionRange::Parse(const SpannedText& text,
                                                std::string_view default_system,
                                                Diagnostics* diagnostics) {
  const std::string& s = text.text;
  VersionRange range;
  for (size_t begin = 0; begin <= s.size();) {
    const size_t comma = std::min(s.find(',', begin), s.size());
    size_t at = begin, end = comma;
    while (at < end && s[at] == ' ') ++at;
    while (end > at && s[end - 1] == ' ') --end;
    auto fail = [&](std::string message) {
      diagnostics
          ->Add(Code::kBadTarget, text.PlaceOf(at, std::max(end, at + 1)), std::move(message))
          .help = "a range is written `>=0.17,<0.19.1`, with == != < <= > or >=";
      return std::nullopt;
    };
    size_t name_end = at;
    while (name_end < end && std::string_view("<>=! ").find(s[name_end]) == std::string_view::npos)
      ++name_end;
    Clause clause;
    clause.place = text.PlaceOf(at, end);
    clause.system = name_end > at ? s.substr(at, name_end - at) : std::string(default_system);
    const bool is_name = std::all_of(clause.system.begin(), clause.system.end(), [](char c) {
      return IsLetter(c) || IsDigit(c) || c == '-' || c == '_' || c == '.';
    });
    while (name_end < end && s[name_end] == ' ') ++name_end;
    const std::pair<std::string_view, Op>* found = nullptr;
    for (const auto& op : kOps) {
      if (found == nullptr &&
          std::string_view(s).substr(name_end, end - name_end).starts_with(op.first))
        found = &op;
    }
    if (found == nullptr)
      return fail(at == end ? "a comparison is missing here"
                            : fmt::format("`{}` has no comparison", s.substr(at, end - at)));
    if (!is_name) return fail(fmt::format("`{}` is no name of a system", clause.system));
    clause.op = found->second;
    size_t version_begin = name_end + found->first.size();
    while (version_begin < end && s[version_begin] == ' ') ++version_begin;
    std::optional<Version> version =
        Version::Parse(std::string_view(s).substr(version_begin, end - version_begin));
    if (version_begin == end)
      return fail(fmt::format("a version is missing after `{}`", found->first));
    if (!version)
      return fail(fmt::format("`{}` is no version", s.substr(version_begin, end - version_begin)));
    clause.version = std::move(*version);
    range.clauses.push_back(std::move(clause));
    begin = comma + 1;
  }
  if (!Overlap(range, range, nullptr)) {
    diagnostics->Add(Code::kBadTarget, text.place(), fmt::format("no version is in `{}`", s));
    return std::nullopt;
  }
  return range;
}

bool VersionRange::Holds(const std::map<std::string, Version>& versions) const {
  return std::all_of(clauses.begin(), clauses.end(), [&](const Clause& clause) {
    const auto version = versions.find(clause.system);
    return version != versions.end() && HoldsClause(clause, version->second);
  });
}

namespace {

// Versions that stand for all others: what holds at some version holds at one of these. Every named
// version, one that follows it at once and one below all; the plain ones come first, because they
// make the better example.
std::vector<Version> Points(const std::vector<Version>& named) {
  std::vector<Version> points = named;
  const auto release = [](Version version, size_t least_parts) {
    version.tail.clear();
    version.parts.resize(std::max(version.parts.size(), least_parts), 0);
    return version;
  };
  for (const Version& version : named) {
    points.push_back(release(version, 1));
    ++points.emplace_back(release(version, 1)).parts.back();
  }
  for (const size_t least_parts : {1, 3}) {
    for (const Version& version : named)
      points.emplace_back(release(version, least_parts)).parts.push_back(1);
  }
  points.push_back(Version{{0}, ""});
  for (const Version& version : named) {
    const std::string dot = version.tail.empty() ? "" : ".";
    points.push_back(Version{version.parts, version.tail + dot + "post0.dev0"});
    points.push_back(Version{version.parts, "dev0"});
  }
  points.push_back(Version{{0}, "dev0"});
  return points;
}

}  // namespace

bool Overlap(const VersionRange& a, const VersionRange& b, std::string* example) {
  // Systems are independent of each other, so each is decided by itself.
  std::map<std::string, std::vector<const VersionRange::Clause*>> by_system;
  for (const VersionRange* range : {&a, &b}) {
    for (const VersionRange::Clause& clause : range->clauses)
      by_system[clause.system].push_back(&clause);
  }
  std::string words;
  for (const auto& [system, clauses] : by_system) {
    std::vector<Version> named;
    for (const VersionRange::Clause* clause : clauses) named.push_back(clause->version);
    const std::vector<Version> points = Points(named);
    const auto point =
        std::find_if(points.begin(), points.end(), [&, &all = clauses](const Version& version) {
          return std::all_of(all.begin(), all.end(), [&](const VersionRange::Clause* clause) {
            return HoldsClause(*clause, version);
          });
        });
    if (point == points.end()) return false;
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", system, point->ToString());
  }
  if (example != nullptr) *example = std::move(words);
  return true;
}

}  // namespace rr
