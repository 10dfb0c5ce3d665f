// Rule files and what lint says about them: ok/ is silent, err/X.yaml has the whole text in X.out.
// RULE_RUNNER_UPDATE=1 rewrites the .out files; read what it wrote before you commit it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>
#include <vector>

#include "bind/rule_library.h"
#include "lint/lint.h"
#include "lint/lint_docs.h"
#include "lint/test_files.h"
#include "report/render.h"

namespace rr {
namespace {

const std::string kFolder = RULE_RUNNER_SOURCE_DIR "/tests/lint/";

// The findings of one file and of the adapters that `adapters/` beside it gives its family, with
// paths relative to the folder it lies in. A file that is named after a note ("rr601_...") shows
// the notes of that code as well.
Diagnostics FindingsOf(const std::string& name, const std::string& folder) {
  const std::string path = folder + "/" + name + ".yaml";
  std::string unknown, code = name.substr(0, 5);
  std::transform(code.begin(), code.begin() + 2, code.begin(), ::toupper);
  const std::vector<Code> codes = CodesOf(code);
  const bool note = codes.size() == 1 && InfoOf(codes[0]).severity == Severity::kNote;
  // Files of ok/ show one form each, and most have no tests.
  const bool ok = folder.ends_with("/ok");
  const Selection selection(note ? std::vector{code} : std::vector<std::string>{},
                            ok ? std::vector<std::string>{"no-tests"} : std::vector<std::string>{},
                            &unknown);
  return Lint(RealFiles(), {path}, {folder}, selection).findings;
}

std::string LintText(const std::string& name, const std::string& folder) {
  return WithoutFolder(RenderText(FindingsOf(name, folder), {}), folder + "/");
}

TEST_CASE("files of ok/ have no findings") {
  const std::string folder = kFolder + "ok";
  const std::vector<std::string> names = RuleFilesOf(folder);
  CHECK(names.size() > 10);
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK(LintText(name, folder) == "");
  }
}

TEST_CASE("styles of ok/adapters have layouts in the family that is written for them") {
  Diagnostics diagnostics;
  RuleLibrary library(RealFiles(), {kFolder + "ok"});
  const RulesPtr weights =
      library.LoadFile(kFolder + "ok/adapters_of_every_form.yaml", &diagnostics);
  REQUIRE(weights != nullptr);
  const RulesPtr adapters = library.AdaptersOf(weights, RuleLibrary::Internal::kYes, &diagnostics);
  std::vector<std::string> names;
  for (const CheckedLayout& layout : adapters->layouts) names.push_back(layout.name.text);
  CHECK(names == std::vector<std::string>{"pairs", "folded", "exchanged", "shared", "products"});
}

TEST_CASE("files of err/ have the findings of their .out files") {
  const std::string folder = kFolder + "err";
  const bool update = std::getenv("RULE_RUNNER_UPDATE") != nullptr;
  const std::vector<std::string> names = RuleFilesOf(folder);
  CHECK(names.size() > 40);
  for (const std::string& name : names) {
    CAPTURE(name);
    const std::string found = LintText(name, folder);
    const std::string path = folder + "/" + name + ".out";
    if (update) WriteTextFile(path, found);
    CHECK(found != "");
    CHECK(found == ReadTextFile(path));
  }
}

TEST_CASE("every code that a rule file can give has a file in err/") {
  std::string all;
  for (const std::string& name : RuleFilesOf(kFolder + "err"))
    all += ReadTextFile(kFolder + "err/" + name + ".out");
  for (const CodeInfo& info : AllCodes()) {
    if (LintDocOf(info.code) == nullptr) continue;
    const std::string shown = fmt::format("[{} {}]", info.Id(), info.name);
    CAPTURE(shown);
    CHECK(all.find(shown) != std::string::npos);
  }
}

}  // namespace
}  // namespace rr
