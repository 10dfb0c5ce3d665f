// Rule files as text in a test, and findings as text that a test can compare.
#ifndef RULE_RUNNER_TESTS_UNIT_RULE_TEXT_H_
#define RULE_RUNNER_TESTS_UNIT_RULE_TEXT_H_

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bind/key_table.h"
#include "check/checked_rules.h"
#include "syntax/merge.h"
#include "syntax/rule_file.h"

namespace rr {

// The text that a place covers; "" for no place.
inline std::string Covered(const Place& place) {
  if (place.source == nullptr) return std::string(place.file);
  return place.source->text().substr(place.begin, place.end - place.begin);
}

// Every finding as "RR203 `the text it points at` message", one a line.
inline std::string Findings(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& found : diagnostics.all()) {
    if (!out.empty()) out += "\n";
    out += fmt::format("{} `{}` {}", InfoOf(found.code).Id(), Covered(found.place), found.message);
  }
  return out;
}

// "RR203 RR206": the codes alone, where the words are another test's business.
inline std::string CodesOf(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& found : diagnostics.all()) {
    out += (out.empty() ? "" : " ") + InfoOf(found.code).Id();
  }
  return out;
}

using OtherFiles = std::map<std::string, std::string>;

// A file in braces as a base: with the version that each file says first.
inline std::string WithVersion(const std::string& text) {
  if (text.empty() || text[0] != '{') return text;
  return "{rule-runner: 1" + std::string(text == "{}" ? "" : ", ") + text.substr(1);
}

inline std::optional<MergedRules> MergeText(const std::string& text, const OtherFiles& others,
                                            Diagnostics* diagnostics) {
  const FindRuleText find = [&](const std::string& name) -> SourcePtr {
    const auto found = others.find(name);
    return found == others.end() ? nullptr : KeepSource(name + ".yaml", WithVersion(found->second));
  };
  return ReadAndMerge(KeepSource("test.yaml", text), find, diagnostics);
}

inline std::optional<RuleFile> ParseText(const std::string& text, Diagnostics* diagnostics) {
  std::optional<MergedRules> merged = MergeText(text, {}, diagnostics);
  if (!merged) return std::nullopt;
  return ParseRuleFile(merged->tree, diagnostics);
}

// A header, so that a test's text is only what it is about.
inline std::string WithHeader(const std::string& text) {
  return "rule-runner: 1\nfamily: toy\n" + text;
}

inline std::shared_ptr<const CheckedRules> CheckText(const std::string& text,
                                                     Diagnostics* diagnostics) {
  std::optional<RuleFile> file = ParseText(WithHeader(text), diagnostics);
  INFO(Findings(*diagnostics));
  REQUIRE(file.has_value());
  return std::make_shared<const CheckedRules>(Check(std::move(*file), diagnostics));
}

// Rules that must be free of findings.
inline std::shared_ptr<const CheckedRules> GoodRules(const std::string& text) {
  Diagnostics diagnostics;
  auto rules = CheckText(text, &diagnostics);
  REQUIRE(Findings(diagnostics) == "");
  REQUIRE(rules->valid);
  return rules;
}

inline std::string FindingsOf(const std::string& text) {
  Diagnostics diagnostics;
  CheckText(text, &diagnostics);
  return Findings(diagnostics);
}

inline KeyTable KeysOf(const std::vector<std::pair<std::string, std::vector<int64_t>>>& shapes,
                       Dtype dtype = Dtype::kF32) {
  std::vector<FoundKey> keys;
  for (const auto& [name, shape] : shapes) keys.push_back({name, shape, dtype});
  return MakeKeyTable(std::move(keys));
}

}  // namespace rr

#endif  // RULE_RUNNER_TESTS_UNIT_RULE_TEXT_H_
