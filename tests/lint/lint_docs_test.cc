// What lint says of itself: every code that it gives is explained, every example has the finding
// that it stands under, and grammar/lints.md is what the program prints.
#include "lint/lint_docs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "io/memory_files.h"
#include "lint/lint.h"
#include "lint/test_files.h"
#include "report/render.h"

namespace rr {
namespace {

TEST_CASE("every example has the finding that it stands under, and a fix where there is one") {
  for (const LintDoc& doc : LintDocs()) {
    if (doc.example.empty()) continue;
    const std::string code = InfoOf(doc.code).Id();
    CAPTURE(code);
    MemoryFiles files;
    files.Put("/rules/toy.yaml", doc.example);
    std::string unknown;
    const Selection all({"all"}, {}, &unknown);
    const LintReport report = Lint(files, {"/rules/toy.yaml"}, {"/rules"}, all);
    const auto& found = report.findings.all();
    const auto finding = std::find_if(found.begin(), found.end(),
                                      [&](const Diagnostic& d) { return d.code == doc.code; });
    CHECK(finding != found.end());
    if (finding == found.end()) continue;
    if (doc.fix) CHECK_FALSE(finding->fix.empty());
  }
}

TEST_CASE("lint has nothing to say of an example that is mended") {
  for (const LintDoc& doc : LintDocs()) {
    if (doc.example.empty()) continue;
    const CodeInfo& info = InfoOf(doc.code);
    const std::string code = info.Id();
    CAPTURE(code);
    CHECK(doc.example.find(doc.wrong) != std::string_view::npos);
    CHECK(doc.example.find(doc.wrong) == doc.example.rfind(doc.wrong));
    MemoryFiles files;
    files.Put("/rules/toy.yaml", Mended(doc));
    // Notes are shown where the example is of one, and most examples have no tests.
    const bool note = info.severity == Severity::kNote;
    std::string unknown;
    const Selection selection(note ? std::vector{code} : std::vector<std::string>{},
                              doc.code == Code::kNoTests ? std::vector<std::string>{}
                                                         : std::vector<std::string>{"no-tests"},
                              &unknown);
    const LintReport report = Lint(files, {"/rules/toy.yaml"}, {"/rules"}, selection);
    CHECK(RenderText(report.findings, {}) == "");
  }
}

TEST_CASE("the codes of files, of the proof and of lint are explained, in order, and no others") {
  std::vector<Code> explained;
  for (const LintDoc& doc : LintDocs()) explained.push_back(doc.code);
  CHECK(std::is_sorted(explained.begin(), explained.end()));
  for (const CodeInfo& info : AllCodes()) {
    const int number = static_cast<int>(info.code);
    const bool of_lint = number < 400 || (number >= 600 && number != 901);
    CAPTURE(info.name);
    CHECK((LintDocOf(info.code) != nullptr) == of_lint);
  }
}

TEST_CASE("grammar/lints.md is what --explain all --format markdown prints") {
  const std::string path = RULE_RUNNER_SOURCE_DIR "/grammar/lints.md";
  if (std::getenv("RULE_RUNNER_UPDATE") != nullptr) WriteTextFile(path, LintsPage());
  CHECK(LintsPage() == ReadTextFile(path));
}

}  // namespace
}  // namespace rr
