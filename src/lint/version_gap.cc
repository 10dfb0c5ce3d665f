// RR311: a release between the ranges of a target for which none of them holds.
//
// What comes before all ranges may have no layout. Between two that are named nothing may be
// missing: an edge was moved and the other was not. Nor behind the last: systems go on.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "lint/passes.h"

namespace rr {
namespace {

using Versions = std::map<std::string, Version>;

// The releases to ask for one system: one before all, those that clauses name, and the next one
// after each.
std::vector<Version> ReleasesOf(std::vector<Version> named) {
  const auto less = [](const Version& a, const Version& b) { return Compare(a, b) < 0; };
  std::vector<Version> releases{Version{{0, 0, 0}, ""}};
  for (Version& version : named) {
    if (!version.tail.empty()) continue;
    version.parts.resize(std::max<size_t>(version.parts.size(), 3), 0);
    releases.push_back(version);
    ++version.parts.back();
    releases.push_back(version);
  }
  std::sort(releases.begin(), releases.end(), less);
  releases.erase(std::unique(releases.begin(), releases.end(),
                             [](const Version& a, const Version& b) { return Compare(a, b) == 0; }),
                 releases.end());
  return releases;
}

// Every combination of one release of each system.
std::vector<Versions> Combinations(const std::map<std::string, std::vector<Version>>& releases) {
  std::vector<Versions> all{{}};
  for (const auto& [system, versions] : releases) {
    std::vector<Versions> next;
    for (const Versions& one : all) {
      for (const Version& version : versions) {
        next.push_back(one);
        next.back()[system] = version;
      }
    }
    all = std::move(next);
  }
  return all;
}

bool AnyHolds(const TargetRule& target, const Versions& versions) {
  return std::any_of(target.cases.begin(), target.cases.end(), [&](const TargetCase& one) {
    return !one.versions || one.versions->Holds(versions);
  });
}

void CheckTarget(const TargetRule& target, Diagnostics* diagnostics) {
  std::map<std::string, std::vector<Version>> named;
  for (const TargetCase& one : target.cases) {
    if (!one.versions) return;
    for (const VersionRange::Clause& clause : one.versions->clauses)
      named[clause.system].push_back(clause.version);
  }
  const std::string& own = target.system.text;
  if (named.count(own) == 0) return;
  std::map<std::string, std::vector<Version>> releases;
  for (auto& [system, versions] : named) {
    releases[system] = ReleasesOf(versions);
    if (releases[system].empty()) return;
  }
  const std::vector<Version> line = releases[own];
  releases.erase(own);
  for (Versions others : Combinations(releases)) {
    std::vector<bool> holds;
    for (const Version& version : line) {
      others[own] = version;
      holds.push_back(AnyHolds(target, others));
    }
    const auto first = std::find(holds.begin(), holds.end(), true);
    const auto gap = std::find(first, holds.end(), false);
    if (gap == holds.end()) continue;
    others[own] = line[static_cast<size_t>(gap - holds.begin())];
    std::string words;
    for (const auto& [system, version] : others)
      words += fmt::format("{}{} {}", words.empty() ? "" : ", ", system, version.ToString());
    diagnostics->Add(Code::kVersionGap, target.system.place,
                     fmt::format("no range of `{}` holds for {}", own, words));
    return;
  }
}

}  // namespace

void FindVersionGaps(const LintContext& context, Diagnostics* diagnostics) {
  for (const TargetRule& target : context.rules.file->targets) CheckTarget(target, diagnostics);
}

}  // namespace rr
