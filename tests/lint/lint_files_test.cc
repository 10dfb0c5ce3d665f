// Rule files and what lint says about them: ok/ is silent, err/X.yaml has the whole text in X.out.
// RULE_RUNNER_UPDATE=1 rewrites the .out files; read what it wrote before you commit it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "bind/rule_library.h"
#include "lint/test_files.h"
#include "report/render.h"

namespace rr {
namespace {

const std::string kFolder = RULE_RUNNER_SOURCE_DIR "/tests/lint/";

// The findings of one file and of the adapters that `adapters/` beside it gives its family, with
// paths relative to the folder it lies in.
std::string Lint(const std::string& path, const std::string& folder) {
  Diagnostics diagnostics;
  RuleLibrary library(RealFiles(), {folder});
  const RulesPtr rules = library.LoadFile(path, &diagnostics);
  if (rules != nullptr && rules->valid)
    library.AdaptersOf(rules, RuleLibrary::Internal::kYes, &diagnostics);
  return WithoutFolder(RenderText(diagnostics, {}), folder + "/");
}

TEST_CASE("files of ok/ have no findings") {
  const std::string folder = kFolder + "ok";
  const std::vector<std::string> names = RuleFilesOf(folder);
  CHECK(names.size() > 10);
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK(Lint(folder + "/" + name + ".yaml", folder) == "");
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
    const std::string found = Lint(folder + "/" + name + ".yaml", folder);
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
    if (static_cast<int>(info.code) >= 400) continue;
    const std::string shown = fmt::format("[{} {}]", info.Id(), info.name);
    CAPTURE(shown);
    CHECK(all.find(shown) != std::string::npos);
  }
}

}  // namespace
}  // namespace rr
