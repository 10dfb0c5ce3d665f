#include "syntax/version_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <utility>

namespace rr {
namespace {

constexpr std::pair<std::string_view, VersionRange::Op> kOps[] = {
    {"==", VersionRange::Op::kEqual},        {"!=", VersionRange::Op::kNotEqual}, {"<=", VersionRange::Op::kLessEqual},
    {">=", VersionRange::Op::kGreaterEqual}, {"<", VersionRange::Op::kLess},      {">", VersionRange::Op::kGreater}};

bool HoldsClause(const VersionRange::Clause& clause, const Version& version) {
  const int order = Compare(version, clause.version);
  switch (clause.op) {
    case VersionRange::Op::kEqual: return order == 0;
    case VersionRange::Op::kNotEqual: return order != 0;
    case VersionRange::Op::kLess: return order < 0;
    case VersionRange::Op::kLessEqual: return order <= 0;
    case VersionRange::Op::kGreater: return order > 0;
    case VersionRange::Op::kGreaterEqual: return order >= 0;
  }
  return false;
}

}  // namespace

std::optional<Version> Version::Parse(std::string_view text) {
  Version version;
  while (!text.empty() && std::isdigit(static_cast<unsigned char>(text[0]))) {
    int n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc()) return std::nullopt;
    version.parts.push_back(n);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
  }
  if (version.parts.empty()) return std::nullopt;
  for (const char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '+' && c != '-') return std::nullopt;
  }
  if (!text.empty() && !std::isalpha(static_cast<unsigned char>(text[0])) && text[0] != '+' && text[0] != '-') return std::nullopt;
  // A local tail (+cu126) is the release itself.
  version.tail = std::string(text.substr(0, text.find('+')));
  return version;
}

std::string Version::ToString() const {
  std::string text = fmt::format("{}", fmt::join(parts, "."));
  if (tail.empty()) return text;
  return text + (tail.starts_with("rc") || tail.starts_with('a') || tail.starts_with('b') ? "" : ".") + tail;
}

int Compare(const Version& a, const Version& b) {
  for (size_t i = 0; i < std::max(a.parts.size(), b.parts.size()); ++i) {
    const int x = i < a.parts.size() ? a.parts[i] : 0;
    const int y = i < b.parts.size() ? b.parts[i] : 0;
    if (x != y) return x < y ? -1 : 1;
  }
  if (a.tail == b.tail) return 0;
  if (a.tail.empty()) return 1;
  if (b.tail.empty()) return -1;
  return a.tail < b.tail ? -1 : 1;
}

std::optional<VersionRange> VersionRange::Parse(const SpannedText& text, std::string_view default_system, Diagnostics* diagnostics) {
  const std::string& s = text.text;
  VersionRange range;
  for (size_t begin = 0; begin <= s.size();) {
    const size_t comma = std::min(s.find(',', begin), s.size());
    size_t at = begin, end = comma;
    while (at < end && s[at] == ' ') ++at;
    while (end > at && s[end - 1] == ' ') --end;
    auto fail = [&](std::string message) {
      diagnostics->Add(Code::kBadTarget, text.PlaceOf(at, std::max(end, at + 1)), std::move(message)).help = "a range is written `>=0.17,<0.19.1`";
      return std::nullopt;
    };
    size_t name_end = at;
    while (name_end < end && std::string_view("<>=! ").find(s[name_end]) == std::string_view::npos) ++name_end;
    Clause clause;
    clause.place = text.PlaceOf(at, end);
    clause.system = name_end > at ? s.substr(at, name_end - at) : std::string(default_system);
    while (name_end < end && s[name_end] == ' ') ++name_end;
    const std::pair<std::string_view, Op>* found = nullptr;
    for (const auto& op : kOps) {
      if (found == nullptr && std::string_view(s).substr(name_end, end - name_end).starts_with(op.first)) found = &op;
    }
    if (found == nullptr) return fail(fmt::format("`{}` has no comparison", s.substr(at, end - at)));
    clause.op = found->second;
    size_t version_begin = name_end + found->first.size();
    while (version_begin < end && s[version_begin] == ' ') ++version_begin;
    std::optional<Version> version = Version::Parse(std::string_view(s).substr(version_begin, end - version_begin));
    if (!version) return fail(fmt::format("`{}` is no version", s.substr(version_begin, end - version_begin)));
    clause.version = std::move(*version);
    range.clauses.push_back(std::move(clause));
    begin = comma + 1;
  }
  return range;
}

bool VersionRange::Holds(const std::map<std::string, Version>& versions) const {
  return std::all_of(clauses.begin(), clauses.end(), [&](const Clause& clause) {
    const auto version = versions.find(clause.system);
    return version != versions.end() && HoldsClause(clause, version->second);
  });
}

std::optional<std::string> VersionRange::NeedsSystem(const std::map<std::string, Version>& versions) const {
  for (const Clause& clause : clauses) {
    if (versions.count(clause.system) == 0) return clause.system;
  }
  return std::nullopt;
}

bool Overlap(const VersionRange& a, const VersionRange& b, std::string* example) {
  // Systems are independent of each other. Between two neighbouring named versions one point decides; a last part of 1 after the named
  // one lies between it and whatever is named next, a `dev` tail just before it.
  std::map<std::string, Version> versions;
  std::set<std::string> systems;
  for (const VersionRange* range : {&a, &b}) {
    for (const VersionRange::Clause& clause : range->clauses) systems.insert(clause.system);
  }
  for (const std::string& system : systems) {
    std::vector<Version> points{Version{{0}, ""}};
    for (const VersionRange* range : {&a, &b}) {
      for (const VersionRange::Clause& clause : range->clauses) {
        if (clause.system != system) continue;
        Version after = clause.version, before = clause.version;
        while (after.parts.size() < 6) after.parts.push_back(0);
        after.parts.push_back(1);
        after.tail.clear();
        before.tail = before.tail.empty() ? "dev0" : "a";
        points.insert(points.end(), {clause.version, after, before});
      }
    }
    const auto point = std::find_if(points.begin(), points.end(), [&](const Version& version) {
      for (const VersionRange* range : {&a, &b}) {
        for (const VersionRange::Clause& clause : range->clauses) {
          if (clause.system == system && !HoldsClause(clause, version)) return false;
        }
      }
      return true;
    });
    if (point == points.end()) return false;
    versions[system] = *point;
  }
  if (example != nullptr) {
    example->clear();
    for (const auto& [system, version] : versions) *example += (example->empty() ? "" : ", ") + system + " " + version.ToString();
  }
  return true;
}

}  // namespace rr
