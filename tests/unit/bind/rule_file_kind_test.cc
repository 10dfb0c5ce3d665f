#include "bind/rule_file_kind.h"

#include <doctest/doctest.h>

#include <string>

#include "io/memory_files.h"

namespace rr {
namespace {

TEST_CASE("a file is what its keys say, else what its place says") {
  MemoryFiles files;
  const auto kind = [&](const std::string& path, const std::string& text) {
    files.Put(path, text);
    return KindOfRuleFile(files, path);
  };
  CHECK(kind("/r/a.yaml", "family: a") == RuleFileKind::kFamily);
  CHECK(kind("/r/a.yaml", "") == RuleFileKind::kFamily);
  CHECK(kind("/r/a.yaml", "styles: {}") == RuleFileKind::kStyles);
  CHECK(kind("/r/a.yaml", "formats: {}") == RuleFileKind::kFormats);
  CHECK(kind("/r/common/a.yaml", "family: a") == RuleFileKind::kPart);
  CHECK(kind("/r/adapters/a.yaml", "family: a") == RuleFileKind::kFamily);
  CHECK(kind("/r/adapters/a.yaml", "[") == RuleFileKind::kStyles);
  CHECK(kind("/r/quantization/a.yaml", "styels: {}") == RuleFileKind::kFormats);
  CHECK(kind("/r/attributes/a.yaml", "llama: [layers]") == RuleFileKind::kAttributes);
  CHECK(KindOfRuleFile(files, "/nowhere/adapters/a.yaml") == RuleFileKind::kStyles);
}

TEST_CASE("what lies in its place belongs to the rules above") {
  MemoryFiles files;
  files.Put("/r/a.yaml", "family: a");
  files.Put("/r/adapters/a.yaml", "styles: {}");
  files.Put("/r/common/a.yaml", "family: a");
  files.Put("/adapters/a.yaml", "family: a");
  files.Put("/other/a.yaml", "styles: {}");
  CHECK(RulesFolderOf(files, "/r/a.yaml") == "/r");
  CHECK(RulesFolderOf(files, "/r/adapters/a.yaml") == "/r");
  CHECK(RulesFolderOf(files, "/r/common/a.yaml") == "/r");
  CHECK(RulesFolderOf(files, "/adapters/a.yaml") == "/adapters");
  CHECK(RulesFolderOf(files, "/other/a.yaml") == "/other");
}

}  // namespace
}  // namespace rr
