#include "base/diagnostic.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace rr {
namespace {

TEST_CASE("codes and their names are given once") {
  std::set<std::string> ids;
  std::set<std::string_view> names;
  for (const CodeInfo& info : AllCodes()) {
    CAPTURE(info.Id());
    CHECK(ids.insert(info.Id()).second);
    CHECK(names.insert(info.name).second);
    CHECK(InfoOf(info.code).name == info.name);
    CHECK_FALSE(info.summary.empty());
    CHECK_FALSE(info.advice.empty());
  }
  CHECK(InfoOf(Code::kBadYaml).Id() == "RR001");
}

TEST_CASE("findings are counted by severity") {
  Diagnostics diagnostics;
  CHECK_FALSE(diagnostics.HasErrors());
  diagnostics.Add(Code::kBadYaml, {}, "x").severity = Severity::kWarning;
  CHECK_FALSE(diagnostics.HasErrors());
  diagnostics.Add(Code::kBadYaml, {}, "y");
  Diagnostics others;
  others.Add(Code::kDuplicateYamlKey, {}, "z");
  diagnostics.Append(others);
  CHECK(diagnostics.ErrorCount() == 2);
  CHECK(diagnostics.all().back().message == "z");
}

}  // namespace
}  // namespace rr
