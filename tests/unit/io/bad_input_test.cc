// Every file of tests/badinput gets its verdict, and every refusal names the file.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "io/checkpoint.h"
#include "io/files.h"
#include "io/json.h"

namespace rr {
namespace {

const std::string kFolder = std::string(RULE_RUNNER_SOURCE_DIR) + "/tests/badinput/";

const std::string& Text(const Value& value, std::string_view name) {
  return *value.Find(name)->AsString();
}

// The codes that a class of errors of the index may be reported with.
std::vector<Code> CodesOf(const std::string& error) {
  if (error == "not_safetensors") return {Code::kNotSafetensors};
  if (error == "bad_index" || error == "path_escape") return {Code::kBadIndex};
  if (error == "missing_shard" || error == "missing_tensor") return {Code::kBadIndex};
  if (error == "bad_json") return {Code::kBadJson, Code::kBadSafetensors};
  if (error == "bad_name") return {Code::kBadIndex, Code::kBadSafetensors};
  return {Code::kBadSafetensors};
}

TEST_CASE("bad inputs are refused and odd ones are read") {
  Diagnostics none;
  const auto index =
      ParseJson("index.json", *ReadSmallFile(RealFiles(), kFolder + "index.json"), &none);
  REQUIRE(index);
  int count = 0;
  for (const Value& entry : *index->Find("cases")->AsList()) {
    const std::string& file = Text(entry, "file");
    CAPTURE(file);
    Diagnostics diagnostics;
    const auto checkpoint = OpenCheckpoint(RealFiles(), kFolder + file, &diagnostics);
    ++count;
    CHECK(checkpoint.has_value() == (Text(entry, "verdict") == "accept"));
    CHECK(checkpoint.has_value() == !diagnostics.HasErrors());
    if (checkpoint.has_value()) continue;
    REQUIRE(diagnostics.ErrorCount() >= 1);
    for (const Diagnostic& d : diagnostics.all()) {
      CHECK(d.place.file.find(file) != std::string::npos);
      CHECK(d.message.size() > 20);
      CHECK(d.message.size() < 500);
    }
    const auto codes = CodesOf(Text(entry, "error"));
    const Code found = diagnostics.all().front().code;
    CAPTURE(InfoOf(found).Id());
    CHECK(std::find(codes.begin(), codes.end(), found) != codes.end());
  }
  CHECK(count == 96);
}

}  // namespace
}  // namespace rr
