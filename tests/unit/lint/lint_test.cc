#include "lint/lint.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/memory_files.h"
#include "lint/fix.h"
#include "report/formats.h"

namespace rr {
namespace {

constexpr std::string_view kHead = "rule-runner: 1\nfamily: toy\n";
constexpr std::string_view kTail =
    "layouts: {hub: {}}\n"
    "blocks: {norm: {tensors: {w: H}, layouts: {hub: {w: H}}}}\n"
    "tests: [{sizes: {H: 5}, element: \"norm.w[3]\", hub: [w, 3]}]\n";

std::string Toy(std::string_view axes) {
  return std::string(kHead) + std::string(axes) + "\n" + std::string(kTail);
}

LintReport LintOf(const std::string& text, std::vector<std::string> select = {},
                  std::vector<std::string> ignore = {}) {
  MemoryFiles files;
  files.Put("/r/toy.yaml", text);
  std::string unknown;
  const Selection selection(select, ignore, &unknown);
  REQUIRE(unknown == "");
  return Lint(files, {"/r/toy.yaml"}, {"/r"}, selection);
}

std::string Concise(const LintReport& report) { return RenderConcise(report.findings); }

std::string Fixed(const std::string& text) {
  const LintReport report = LintOf(text);
  const std::vector<FixedFile> fixed = ApplyFixes(report.findings, report.sources);
  REQUIRE(fixed.size() == 1);
  return fixed[0].text;
}

constexpr std::string_view kUnused =
    "/r/toy.yaml:3:26: warning: no tensor, key, formula or size of this family uses `F`  "
    "[RR308 unused-axis]\n";

TEST_CASE("findings are those that are selected and not ignored") {
  const std::string text = Toy("axes: {H: hidden_size,   F: inner}");
  CHECK(Concise(LintOf(text)) == kUnused);
  CHECK(Concise(LintOf(text, {"RR3"})) == kUnused);
  CHECK(Concise(LintOf(text, {"RR2,unused-axis"})) == kUnused);
  CHECK(Concise(LintOf(text, {"RR2"})) == "");
  CHECK(Concise(LintOf(text, {}, {"RR308"})) == "");
  CHECK(Concise(LintOf(text, {"all"}, {"RR3"})) == "");
}

TEST_CASE("a selection of nothing is told by its word") {
  std::string unknown;
  Selection({"RR3", "RR2,RR8"}, {}, &unknown);
  CHECK(unknown == "RR8");
}

TEST_CASE("a comment allows a finding on its line or on the line below") {
  CHECK(Concise(LintOf(
            Toy("axes: {H: hidden_size,   F: inner}  # rule-runner: allow RR308 -- soon"))) == "");
  CHECK(Concise(LintOf(Toy("# rule-runner: allow unused-axis -- soon\n# and more\n"
                           "axes: {H: hidden_size,   F: inner}"))) == "");
  CHECK(Concise(LintOf(Toy("axes:\n  H: hidden_size  # rule-runner: allow RR308 -- the wrong line\n"
                           "  F: inner"))) ==
        "/r/toy.yaml:4:40: warning: there is no RR308 to allow here  [RR009 unused-suppression]\n"
        "/r/toy.yaml:5:3: warning: no tensor, key, formula or size of this family uses `F`  "
        "[RR308 unused-axis]\n");
}

TEST_CASE("an error that is allowed hides no other comment") {
  const std::string targets = "targets: {system: {\"<5\": hub, \">=5.2\": hub}}";
  const std::string axes = "\naxes: {H: hidden_size}  # rule-runner: allow RR308 -- soon";
  CHECK(Concise(LintOf(Toy("# rule-runner: allow RR311 -- no 5.0 has it\n" + targets + axes))) ==
        "/r/toy.yaml:5:46: warning: there is no RR308 to allow here  [RR009 unused-suppression]\n");
  // Where one is not, not everything was looked for.
  CHECK(Concise(LintOf(Toy(targets + axes))).find("RR009") == std::string::npos);
}

TEST_CASE("a comment says why, and what") {
  CHECK(Concise(LintOf(Toy("axes: {H: hidden_size,   F: inner}  # rule-runner: allow RR308"))) ==
        "/r/toy.yaml:3:37: warning: this suppression does not say why  "
        "[RR010 suppression-without-reason]\n");
  CHECK(Concise(LintOf(Toy("axes: {H: hidden_size}  # rule-runner: deny RR308 -- no"))) ==
        "/r/toy.yaml:3:25: warning: a comment for rule-runner says `allow`  "
        "[RR011 bad-suppression]\n");
  CHECK(Concise(LintOf(Toy("axes: {H: hidden_size}  # rule-runner: allow RR3 -- no"))) ==
        "/r/toy.yaml:3:46: warning: `RR3` is no code or name of a finding  "
        "[RR011 bad-suppression]\n");
}

TEST_CASE("a code that allows nothing is taken out, with its comment when it is the last") {
  CHECK(Fixed(Toy("axes: {H: hidden_size}  # rule-runner: allow RR308 -- soon")) ==
        Toy("axes: {H: hidden_size}"));
  CHECK(Fixed(Toy("# rule-runner: allow RR308 -- soon\naxes: {H: hidden_size}")) ==
        Toy("axes: {H: hidden_size}"));
  CHECK(Fixed(Toy(
            "axes: {H: hidden_size, F: x}  # rule-runner: allow RR214, RR308, RR215 -- soon")) ==
        Toy("axes: {H: hidden_size, F: x}  # rule-runner: allow RR308 -- soon"));
}

TEST_CASE("a misspelt name is mended where one name is the nearest") {
  CHECK(Fixed(Toy("axs: {H: hidden_size}")) == Toy("axes: {H: hidden_size}"));
}

TEST_CASE(
    "an attribute that is nearly another one: a fix only where the model's configs are known") {
  const auto lint = [](std::string_view type, std::string_view size) {
    MemoryFiles files;
    files.Put("/r/attributes/config.yaml", "toy: [hidden_size, n_head, d_model]\n");
    files.Put("/r/toy.yaml",
              Toy(fmt::format("describes: {{model_type: [{}]}}\naxes: {{H: {}}}", type, size)));
    std::string unknown;
    return Lint(files, {"/r/toy.yaml"}, {"/r"}, Selection({"RR310"}, {}, &unknown));
  };
  const LintReport known = lint("toy", "hiden_size");
  REQUIRE(known.findings.all().size() == 1);
  CHECK(known.findings.all()[0].help == "did you mean `hidden_size`?");
  CHECK(known.findings.all()[0].fix.size() == 1);
  // A model of which nothing is known may have an attribute of that name.
  const LintReport own = lint("mine", "hiden_size");
  REQUIRE(own.findings.all().size() == 1);
  CHECK(own.findings.all()[0].help == "did you mean `hidden_size`?");
  CHECK(own.findings.all()[0].fix.empty());
  // Two attributes of one formula are two.
  CHECK(Concise(lint("mine", "d_head ?? (d_model / n_head)")) == "");
}

TEST_CASE("fixes that touch each other are taken one at a time") {
  const auto source = KeepSource("/r/toy.yaml", "abcdef");
  Diagnostics findings;
  findings.Add(Code::kDuplicateItem, {}, "").fix = {{{source, 0, 2, {}}, "X"}};
  findings.Add(Code::kDuplicateItem, {}, "").fix = {{{source, 1, 3, {}}, "Y"}};
  findings.Add(Code::kDuplicateItem, {}, "").fix = {{{source, 4, 5, {}}, "Z"}};
  const std::vector<FixedFile> fixed = ApplyFixes(findings, {source});
  REQUIRE(fixed.size() == 1);
  CHECK(fixed[0].text == "XcdZf");
  CHECK(fixed[0].fixes == 2);
  CHECK(ApplyFixes(findings, {}).empty());
}

TEST_CASE("the difference is what diff -u prints") {
  const std::string before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n";
  std::string after = before;
  after.replace(after.find("2\n"), 2, "two\n");
  after.replace(after.find("15\n"), 3, "");
  CHECK(UnifiedDiff("f", before, before) == "");
  CHECK(UnifiedDiff("f", before, after) ==
        "--- f\n+++ f\n"
        "@@ -1,5 +1,5 @@\n 1\n-2\n+two\n 3\n 4\n 5\n"
        "@@ -12,5 +12,4 @@\n 12\n 13\n 14\n-15\n 16\n");
  CHECK(UnifiedDiff("f", "a", "a\n") ==
        "--- f\n+++ f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
  CHECK(UnifiedDiff("f", "", "a\n") == "--- f\n+++ f\n@@ -0,0 +1 @@\n+a\n");
}

}  // namespace
}  // namespace rr
