// The examples of grammar/README.md are tests. A ```yaml block that begins with `rule-runner: 1` is
// a whole rule file: it has no findings, its tests pass, and every pair of its layouts converts
// there and back; so do its adapters, in the styles of the block that has `styles`. A ```yaml err
// block has exactly the findings whose codes the next line of text names.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "bind/rule_library.h"
#include "io/memory_files.h"
#include "lint/test_files.h"
#include "report/render.h"
#include "run/rule_tests.h"

namespace rr {
namespace {

struct Example {
  int line = 0;  // of its first line in the manual
  bool wrong = false;
  std::string text;
  std::string next_line;  // the first line of text behind it
};

std::vector<Example> ExamplesOf(const std::string& manual) {
  std::vector<Example> examples;
  std::istringstream lines(manual);
  std::string line;
  bool inside = false, wants_line = false;
  Example example;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (inside) {
      inside = line != "```";
      if (inside) example.text += line + "\n";
      if (!inside && example.text.starts_with("rule-runner: 1\n")) {
        examples.push_back(example);
        wants_line = true;
      }
    } else if (line == "```yaml" || line == "```yaml err") {
      inside = true;
      wants_line = false;
      example = {number + 1, line == "```yaml err", "", ""};
    } else if (wants_line && !line.empty()) {
      examples.back().next_line = line;
      wants_line = false;
    }
  }
  return examples;
}

std::string FamilyOf(const std::string& text) {
  const size_t begin = text.find("\nfamily: ") + 9;
  return text.substr(begin, text.find('\n', begin) - begin);
}

bool HasStyles(const std::string& text) { return text.find("\nstyles:") != std::string::npos; }

bool HasFormats(const std::string& text) { return text.find("\nformats:") != std::string::npos; }

// Every RRnnn of a text.
std::set<std::string> CodesIn(const std::string& text) {
  std::set<std::string> codes;
  for (size_t at = text.find("RR"); at != std::string::npos; at = text.find("RR", at + 1)) {
    codes.insert(text.substr(at, 5));
  }
  return codes;
}

TEST_CASE("the manual's examples are what it says they are") {
  const std::vector<Example> examples =
      ExamplesOf(ReadTextFile(RULE_RUNNER_SOURCE_DIR "/grammar/README.md"));
  CHECK(examples.size() >= 16);
  MemoryFiles files;
  std::set<std::string> families;
  size_t of_adapters = 0;
  for (const Example& example : examples) {
    if (HasStyles(example.text)) {
      files.Put("/manual/adapters/manual.yaml", example.text);
      continue;
    }
    if (HasFormats(example.text)) {
      files.Put("/manual/quantization/manual.yaml", example.text);
      continue;
    }
    const std::string family = FamilyOf(example.text);
    CAPTURE(family);
    CHECK(families.insert(family).second);
    files.Put("/manual/" + family + ".yaml", example.text);
  }
  for (const Example& example : examples) {
    if (HasStyles(example.text) || HasFormats(example.text)) continue;
    CAPTURE(example.line);
    Diagnostics diagnostics;
    RuleLibrary library(files, {"/manual"});
    const std::string path = "/manual/" + FamilyOf(example.text) + ".yaml";
    const RulesPtr rules = library.LoadFile(path, &diagnostics);
    if (example.wrong) {
      std::set<std::string> found;
      for (const Diagnostic& d : diagnostics.all()) found.insert(InfoOf(d.code).Id());
      CHECK(found == CodesIn(example.next_line));
      continue;
    }
    CHECK(RenderText(diagnostics, {}) == "");
    if (rules == nullptr || !rules->valid) continue;
    RuleTestReport report;
    const RulesPtr adapters = library.AdaptersOf(rules, RuleLibrary::Internal::kNo, &diagnostics);
    RunRuleTests(*rules, adapters->valid ? adapters.get() : nullptr, &report, &diagnostics);
    RunRoundTrips(*rules, 11, &report, &diagnostics);
    CHECK(report.elements + report.facts >= rules->file->tests.size());
    CHECK(report.round_trips + report.skipped >= rules->layouts.size() - 1);
    if (!adapters->layouts.empty()) RunAdapterRoundTrips(*adapters, 11, &report, &diagnostics);
    of_adapters += report.adapter_round_trips;
    CHECK(RenderText(diagnostics, {}) == "");
  }
  CHECK(of_adapters >= 2);
  Diagnostics of_formats;
  RuleLibrary library(files, {"/manual"});
  CHECK(library.QuantFormats(&of_formats).size() == 2);
  CHECK(RenderText(of_formats, {}) == "");
}

}  // namespace
}  // namespace rr
