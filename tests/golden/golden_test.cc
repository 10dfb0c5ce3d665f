// Tensors written by the real systems' own code: rule-runner must write the same bytes.
//
// cases.json lists the cases; each has a folder below cases/ with in.safetensors, out.safetensors
// and case.json (the model's config, and which code of which version wrote the files). `from` and
// `to` are layouts; `back` says what becomes of out -> in:
//   "exact"                           the bytes of in.safetensors
//   {"rounds": TEXT, "ulps": N, "why"}  keys that contain TEXT may differ by N units in the last
//                                     place, and do somewhere; the others are exact
//   {"none": WHY}                     there is no way back
// Everything runs in memory, with both engines.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "io/json.h"
#include "io/memory_files.h"
#include "io/tensor_io.h"
#include "run/convert.h"

namespace rr {
namespace {

const std::string kFolder = RULE_RUNNER_SOURCE_DIR "/tests/golden/";

struct Tensor {
  Dtype dtype;
  std::vector<int64_t> shape;
  std::vector<std::byte> bytes;
};
using Tensors = std::map<std::string, Tensor>;

// Keys that contain `rounds` may be `ulps` units in the last place off.
struct Tolerance {
  std::string rounds;
  int64_t ulps = 0;
};

struct GoldenCase {
  std::string name, from, to;
  bool has_back = true;
  Tolerance back;
};

std::string TextOf(const Value& map, const char* member) {
  const Value* value = map.Find(member);
  REQUIRE_MESSAGE((value != nullptr && value->AsString() != nullptr), member);
  return *value->AsString();
}

std::string ReadText(const std::string& path) {
  std::optional<std::string> text = ReadSmallFile(RealFiles(), path);
  REQUIRE_MESSAGE(text.has_value(), path);
  return *std::move(text);
}

Value ReadJson(const std::string& path) {
  Diagnostics diagnostics;
  std::optional<Value> json = ParseJson(path, ReadText(path), &diagnostics);
  REQUIRE_MESSAGE(json.has_value(), path);
  return *std::move(json);
}

std::vector<GoldenCase> ReadCases() {
  const Value json = ReadJson(kFolder + "cases.json");
  REQUIRE(json.AsList() != nullptr);
  std::vector<GoldenCase> cases;
  for (const Value& row : *json.AsList()) {
    GoldenCase one{TextOf(row, "case"), TextOf(row, "from"), TextOf(row, "to"), true, {}};
    CAPTURE(one.name);
    REQUIRE(TextOf(row, "kind") == "weights");
    const Value* back = row.Find("back");
    REQUIRE(back != nullptr);
    one.has_back = back->Find("none") == nullptr;
    if (back->Find("rounds") != nullptr) {
      REQUIRE(!TextOf(*back, "why").empty());
      REQUIRE(back->Find("ulps") != nullptr);
      one.back = {TextOf(*back, "rounds"), *back->Find("ulps")->AsInt()};
    } else if (one.has_back) {
      REQUIRE(TextOf(row, "back") == "exact");
    }
    cases.push_back(std::move(one));
  }
  return cases;
}

Tensors LoadTensors(const Files& files, const std::string& path) {
  Diagnostics diagnostics;
  const std::optional<Checkpoint> checkpoint = OpenCheckpoint(files, path, &diagnostics);
  REQUIRE_MESSAGE(checkpoint.has_value(), path);
  const std::unique_ptr<TensorReader> reader = ReadTensorsOf(files, *checkpoint);
  Tensors tensors;
  for (uint32_t i = 0; i < checkpoint->tensors.size(); ++i) {
    const StoredTensor& stored = checkpoint->tensors[i];
    std::vector<std::byte> bytes(stored.size);
    reader->Read(i, 0, bytes);
    tensors[stored.name] = {stored.dtype, stored.shape, std::move(bytes)};
  }
  return tensors;
}

// The bits of a floating-point number as an integer that grows with the number.
int64_t Ordered(const std::byte* element, size_t size) {
  uint64_t bits = 0;
  std::memcpy(&bits, element, size);  // little-endian, as the files are
  const uint64_t sign = uint64_t{1} << (size * 8 - 1);
  return (bits & sign) != 0 ? -static_cast<int64_t>(bits ^ sign) : static_cast<int64_t>(bits);
}

// The largest distance of two elements in units in the last place.
int64_t Distance(const Tensor& a, const Tensor& b) {
  const size_t size = static_cast<size_t>(BitsOf(a.dtype)) / 8;
  int64_t largest = 0;
  for (size_t i = 0; i + size <= a.bytes.size(); i += size) {
    const int64_t d = Ordered(&a.bytes[i], size) - Ordered(&b.bytes[i], size);
    largest = std::max(largest, d < 0 ? -d : d);
  }
  return largest;
}

void CheckSame(const Tensors& got, const Tensors& want, const Tolerance& tolerance) {
  for (const auto& entry : got)
    CHECK_MESSAGE(want.contains(entry.first), "not expected: ", entry.first);
  int64_t rounded = 0;
  for (const auto& entry : want) {
    const std::string& name = entry.first;
    const Tensor& expected = entry.second;
    CAPTURE(name);
    const auto found = got.find(name);
    CHECK(found != got.end());
    if (found == got.end()) continue;
    const Tensor& tensor = found->second;
    CHECK(NameOf(tensor.dtype) == NameOf(expected.dtype));
    CHECK(tensor.shape == expected.shape);
    if (tensor.dtype != expected.dtype || tensor.shape != expected.shape) continue;
    if (tolerance.ulps > 0 && name.find(tolerance.rounds) != std::string::npos) {
      const int64_t distance = Distance(tensor, expected);
      CHECK(distance <= tolerance.ulps);
      rounded = std::max(rounded, distance);
    } else {
      CHECK(tensor.bytes == expected.bytes);
    }
  }
  // A case that is said to round and does not has a stale mark.
  if (tolerance.ulps > 0) CHECK(rounded > 0);
}

void CheckConversion(MemoryFiles& files, const GoldenCase& golden, bool backwards) {
  CAPTURE(golden.name);
  CAPTURE(backwards);
  const std::string source = backwards ? "/case/out.safetensors" : "/case/in.safetensors";
  const std::string expected = backwards ? "/case/in.safetensors" : "/case/out.safetensors";
  for (const bool reference : {false, true}) {
    CAPTURE(reference);
    ConvertRequest request;
    request.source.path = source;
    request.source.config = "/case/config.json";
    request.source.from = backwards ? golden.to : golden.from;
    request.to = backwards ? golden.from : golden.to;
    request.destination = "/got.safetensors";
    request.force = true;
    request.jobs = 2;
    request.reference_engine = reference;
    RuleLibrary library(RealFiles(), {RULE_RUNNER_SOURCE_DIR "/rules"});
    Diagnostics diagnostics;
    const std::optional<RunReport> report = Convert(files, &library, request, &diagnostics);
    for (const Diagnostic& d : diagnostics.all()) CHECK_MESSAGE(false, d.message);
    REQUIRE(report.has_value());
    CheckSame(LoadTensors(files, request.destination), LoadTensors(files, expected),
              backwards ? golden.back : Tolerance{});
  }
}

TEST_CASE("the bytes of the real systems") {
  for (const GoldenCase& golden : ReadCases()) {
    const std::string folder = kFolder + "cases/" + golden.name + "/";
    MemoryFiles files;
    files.Put("/case/in.safetensors", ReadText(folder + "in.safetensors"));
    files.Put("/case/out.safetensors", ReadText(folder + "out.safetensors"));
    const Value about = ReadJson(folder + "case.json");
    REQUIRE(about.Find("config") != nullptr);
    files.Put("/case/config.json", ToJson(*about.Find("config")));
    CheckConversion(files, golden, false);
    if (golden.has_back) CheckConversion(files, golden, true);
  }
}

TEST_CASE("every folder of a case is listed once") {
  std::map<std::string, int> listed;
  for (const GoldenCase& golden : ReadCases()) ++listed[golden.name];
  std::map<std::string, int> present;
  for (const std::string& system : RealFiles().List(kFolder + "cases")) {
    for (const std::string& name : RealFiles().List(kFolder + "cases/" + system))
      present[system + "/" + name] = 1;
  }
  CHECK(listed == present);
}

}  // namespace
}  // namespace rr
