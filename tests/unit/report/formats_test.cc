#include "report/formats.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace rr {
namespace {

// A warning, an error with a note and a fix, and one about a whole file.
Diagnostics Findings() {
  const auto source = KeepSource("rules/a,b:c.yaml", "axes: {H: x}\nlayuots: {}\n");
  Diagnostics diagnostics;
  diagnostics.Add(Code::kUnusedAxis, {source, 7, 8, {}}, "nothing uses `H`, 100%");
  Diagnostic& d =
      diagnostics.Add(Code::kUnknownField, {source, 13, 20, {}}, "no field `layuots`\nhere");
  d.notes.push_back({{source, 0, 4, {}}, "another field"});
  d.help = "did you mean `layouts`?";
  d.fix = {{d.place, "layouts"}};
  diagnostics.Add(Code::kBadYaml, Place::File("gone.yaml"), "no file");
  return diagnostics;
}

TEST_CASE("concise: one line each") {
  CHECK(RenderConcise(Findings()) ==
        "rules/a,b:c.yaml:1:8: warning: nothing uses `H`, 100%  [RR308 unused-axis]\n"
        "rules/a,b:c.yaml:2:1: error: no field `layuots` here  [RR003 unknown-field]\n"
        "gone.yaml: error: no file  [RR001 bad-yaml]\n");
}

TEST_CASE("github: errors first, with what would end a field escaped") {
  CHECK(RenderGithub(Findings()) ==
        "::error file=rules/a%2Cb%3Ac.yaml,line=2,endLine=2,col=1,endColumn=8,"
        "title=RR003 unknown-field::no field `layuots`%0Ahere%0Anote: another field%0A"
        "help: did you mean `layouts`?\n"
        "::error file=gone.yaml,title=RR001 bad-yaml::no file\n"
        "::warning file=rules/a%2Cb%3Ac.yaml,line=1,endLine=1,col=8,endColumn=9,"
        "title=RR308 unused-axis::nothing uses `H`, 100%25\n");
}

TEST_CASE("json: places are fields, and counts are behind") {
  const std::string text = RenderJson(Findings());
  CHECK(
      text.find("\"file\": \"rules/a,b:c.yaml\",\n      \"line\": 2,\n      \"column\": 1,\n      "
                "\"end_line\": 2,\n      \"end_column\": 8") != std::string::npos);
  CHECK(text.find("\"text\": \"layouts\"") != std::string::npos);
  CHECK(text.find("\"errors\": 2,\n  \"warnings\": 1,\n  \"notes\": 0\n}\n") != std::string::npos);
}

TEST_CASE("sarif: paths are URIs, a file without lines has no region") {
  const std::string text = RenderSarif(Findings(), "1.2.3");
  CHECK(text.find("\"uri\": \"rules/a%2Cb%3Ac.yaml\",\n") != std::string::npos);
  CHECK(text.find("\"uri\": \"gone.yaml\",\n                  \"uriBaseId\": \"SRCROOT\"\n         "
                  "       }\n              }\n") != std::string::npos);
  CHECK(text.find("\"insertedContent\": {\n                        \"text\": \"layouts\"") !=
        std::string::npos);
}

}  // namespace
}  // namespace rr
