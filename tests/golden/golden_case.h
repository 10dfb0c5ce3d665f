// What the tests with tensors of the real systems share: the list of cases, and when tensors are
// the same.
//
// cases.json lists the cases; each has a folder below cases/ with in.safetensors, out.safetensors
// and case.json (the model's config, and which code of which version wrote the files).
//   kind   convert, convert-shape (shapes may contradict the config), convert-lossy (quantised
//          weights become values); convert-ranks (the state dicts of tensor-parallel ranks,
//          in_rank0.safetensors and on, are joined first: tensor_parallel.h); convert-lora,
//          convert-lora-blockdiag (ranks are stacked); merge (base.safetensors and the adapter
//          in.safetensors), merge-split (both are in in.safetensors)
//   from, to  layouts; of a merge the adapter's and the result's, found out where absent
//   back   what becomes of out -> in:
//     "exact"                             the bytes of in.safetensors
//     {"rounds": TEXT, "ulps": N, "why"}  keys that contain TEXT may differ by N units in the last
//                                         place, and do somewhere; the others are exact
//     {"widened": [TEXT], "why"}          keys that contain a TEXT come back as F32, with the same
//                                         values; the others are exact
//     {"again": WHY}                      in another form; forwards again it gives out.safetensors
//     {"none": WHY}                       there is no way back
//   wrong  the recorded output is the system's own mistake: this says which one, and a test case of
//          its own says what is right
//   config_wrong  only the recorded adapter_config.json is
//   warns  the codes of the warnings that the case gets: its files hold a part of a model, or its
//          config is that of another family
//   set    {NAME: VALUE}: what the recorded config lacks or the system was given elsewhere, as
//          --set says it
//   merged  in and out, merged into base.safetensors, both give merged.safetensors
// Everything runs in memory, with both engines.
#ifndef RULE_RUNNER_TESTS_GOLDEN_GOLDEN_CASE_H_
#define RULE_RUNNER_TESTS_GOLDEN_GOLDEN_CASE_H_

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "base/dtype.h"
#include "bind/rule_library.h"
#include "io/checkpoint.h"
#include "io/json.h"
#include "io/memory_files.h"
#include "io/tensor_io.h"
#include "run/convert.h"

namespace rr::golden {

inline const std::string kFolder = RULE_RUNNER_SOURCE_DIR "/tests/golden/";

struct Tensor {
  Dtype dtype{};
  std::vector<int64_t> shape;
  std::vector<std::byte> bytes;

  bool operator==(const Tensor&) const = default;
};
using Tensors = std::map<std::string, Tensor>;

// What may differ; nothing by default.
struct Tolerance {
  std::string rounds;  // keys that contain it may be `ulps` units in the last place off
  int64_t ulps = 0;
  bool must_round = false;           // a case that is said to round and does not has a stale mark
  std::vector<std::string> widened;  // keys that contain one of these are F32 for BF16
};

enum class Back { kNone, kSame, kAgain };

struct GoldenCase {
  std::string name, kind, from, to;
  Back way_back = Back::kNone;
  Tolerance back;
  bool wrong = false, config_wrong = false, merged = false;
  std::set<std::string> warns;
  std::vector<std::pair<std::string, std::string>> set;

  bool IsMerge() const { return kind.starts_with("merge"); }
  bool IsAdapter() const { return kind.starts_with("convert-lora"); }
  bool IsWeights() const { return !IsMerge() && !IsAdapter(); }
  std::string Folder() const { return kFolder + "cases/" + name + "/"; }
};

inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline std::string TextOf(const Value& map, const char* member) {
  const Value* value = map.Find(member);
  REQUIRE_MESSAGE((value != nullptr && value->AsString() != nullptr), member);
  return *value->AsString();
}

inline bool Has(const std::string& path) { return RealFiles().KindOf(path) == FileKind::kFile; }

inline std::string ReadText(const std::string& path) {
  std::optional<std::string> text = ReadSmallFile(RealFiles(), path);
  REQUIRE_MESSAGE(text.has_value(), path);
  return *std::move(text);
}

inline Value ParseText(const std::string& name, const std::string& text) {
  Diagnostics diagnostics;
  std::optional<Value> json = ParseJson(name, text, &diagnostics);
  REQUIRE_MESSAGE(json.has_value(), name);
  return *std::move(json);
}

inline Value ReadJson(const std::string& path) { return ParseText(path, ReadText(path)); }

inline void ReadBack(const Value& back, GoldenCase* one) {
  one->way_back = back.Find("none") != nullptr    ? Back::kNone
                  : back.Find("again") != nullptr ? Back::kAgain
                                                  : Back::kSame;
  if (one->way_back != Back::kSame) return;
  if (back.AsString() != nullptr) {
    REQUIRE(*back.AsString() == "exact");
    return;
  }
  REQUIRE(!TextOf(back, "why").empty());
  if (back.Find("rounds") != nullptr) {
    REQUIRE(back.Find("ulps") != nullptr);
    one->back.rounds = TextOf(back, "rounds");
    one->back.ulps = *back.Find("ulps")->AsInt();
    one->back.must_round = true;
  } else {
    REQUIRE(back.Find("widened") != nullptr);
    for (const Value& text : *back.Find("widened")->AsList())
      one->back.widened.push_back(*text.AsString());
  }
}

inline std::vector<GoldenCase> ReadCases() {
  const Value json = ReadJson(kFolder + "cases.json");
  REQUIRE(json.AsList() != nullptr);
  std::vector<GoldenCase> cases;
  for (const Value& row : *json.AsList()) {
    GoldenCase one;
    one.name = TextOf(row, "case");
    one.kind = TextOf(row, "kind");
    CAPTURE(one.name);
    const std::vector<std::string> kinds{"convert",       "convert-shape", "convert-lossy",
                                         "convert-ranks", "convert-lora",  "convert-lora-blockdiag",
                                         "merge",         "merge-split"};
    REQUIRE(std::find(kinds.begin(), kinds.end(), one.kind) != kinds.end());
    if (!one.IsMerge() || row.Find("from") != nullptr) one.from = TextOf(row, "from");
    if (!one.IsMerge() || row.Find("to") != nullptr) one.to = TextOf(row, "to");
    one.wrong = row.Find("wrong") != nullptr;
    one.config_wrong = row.Find("config_wrong") != nullptr;
    one.merged = row.Find("merged") != nullptr;
    if (const Value* warns = row.Find("warns"); warns != nullptr) {
      for (const Value& code : *warns->AsList()) one.warns.insert(*code.AsString());
    }
    if (const Value* set = row.Find("set"); set != nullptr) {
      for (const auto& [name, value] : *set->AsMap()) one.set.emplace_back(name, ToJson(value));
    }
    const Value* back = row.Find("back");
    REQUIRE((back != nullptr) == (!one.IsMerge() && !one.wrong));
    if (back != nullptr) ReadBack(*back, &one);
    cases.push_back(std::move(one));
  }
  return cases;
}

inline GoldenCase CaseNamed(const std::string& name) {
  for (GoldenCase& one : ReadCases()) {
    if (one.name == name) return std::move(one);
  }
  FAIL("not listed: ", name);
  return {};
}

inline Tensors LoadTensors(const Files& files, const std::string& path) {
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

// The bits of a floating-point number as an integer that grows with the number; of both zeros 0.
inline int64_t Ordered(const std::byte* element, size_t size) {
  uint64_t bits = 0;
  std::memcpy(&bits, element, size);  // little-endian, as the files are
  const uint64_t sign = uint64_t{1} << (size * 8 - 1);
  return (bits & sign) != 0 ? -static_cast<int64_t>(bits ^ sign) : static_cast<int64_t>(bits);
}

// The largest distance of two elements in units in the last place. What should be zero and is not
// is infinitely far away.
inline int64_t Distance(const Tensor& got, const Tensor& want) {
  const size_t size = static_cast<size_t>(BitsOf(want.dtype)) / 8;
  int64_t largest = 0;
  for (size_t i = 0; i + size <= want.bytes.size(); i += size) {
    const int64_t a = Ordered(&got.bytes[i], size), b = Ordered(&want.bytes[i], size);
    if (b == 0 && a != 0) return INT64_MAX;
    largest = std::max(largest, a < b ? b - a : a - b);
  }
  return largest;
}

// BF16 is the upper half of an F32.
inline Tensor WidenedToF32(const Tensor& tensor) {
  REQUIRE(tensor.dtype == Dtype::kBF16);
  Tensor wide{Dtype::kF32, tensor.shape, std::vector<std::byte>(tensor.bytes.size() * 2)};
  for (size_t i = 0; i < tensor.bytes.size(); ++i)
    wide.bytes[i / 2 * 4 + 2 + i % 2] = tensor.bytes[i];
  return wide;
}

inline void CheckSame(const Tensors& got, const Tensors& want, const Tolerance& tolerance = {}) {
  for (const auto& entry : got)
    CHECK_MESSAGE(want.contains(entry.first), "not expected: ", entry.first);
  int64_t rounded = 0;
  for (const auto& entry : want) {
    const std::string& name = entry.first;
    CAPTURE(name);
    const auto found = got.find(name);
    CHECK(found != got.end());
    if (found == got.end()) continue;
    const Tensor& tensor = found->second;
    const bool wide = std::any_of(tolerance.widened.begin(), tolerance.widened.end(),
                                  [&](const std::string& text) { return Contains(name, text); });
    const Tensor expected = wide ? WidenedToF32(entry.second) : entry.second;
    CHECK(NameOf(tensor.dtype) == NameOf(expected.dtype));
    CHECK(tensor.shape == expected.shape);
    if (tensor.dtype != expected.dtype || tensor.shape != expected.shape) continue;
    if (tolerance.ulps > 0 && IsFloat(tensor.dtype) && Contains(name, tolerance.rounds)) {
      const int64_t distance = Distance(tensor, expected);
      CHECK(distance <= tolerance.ulps);
      rounded = std::max(rounded, distance);
    } else {
      CHECK(tensor.bytes == expected.bytes);
    }
  }
  if (tolerance.must_round) CHECK(rounded > 0);
}

// The tensors of a case and its model's config, below /case.
struct Scene {
  MemoryFiles files;
  Value about;  // case.json

  explicit Scene(const GoldenCase& golden) : about(ReadJson(golden.Folder() + "case.json")) {
    REQUIRE(about.Find("config") != nullptr);
    files.Put("/case/config.json", ToJson(*about.Find("config")));
    for (const std::string& name : RealFiles().List(golden.Folder())) {
      if (name.ends_with(".safetensors"))
        files.Put("/case/" + name, ReadText(golden.Folder() + name));
    }
  }
};

// A request for the tensors at `source`, as `golden` says or the other way round.
inline ConvertRequest RequestFor(const GoldenCase& golden, const std::string& source,
                                 bool backwards) {
  ConvertRequest request;
  request.source.path = source;
  request.source.config = "/case/config.json";
  request.source.set = golden.set;
  request.source.from = backwards ? golden.to : golden.from;
  request.to = backwards ? golden.from : golden.to;
  request.conversion.allow_shape = Contains(golden.kind, "shape");
  request.conversion.allow_lossy = Contains(golden.kind, "lossy");
  // On the way back the parts get their own ranks again, which `auto` finds in the zeros.
  if (Contains(golden.kind, "blockdiag") && !backwards)
    request.conversion.fuse = FuseMode::kBlockDiagonal;
  request.force = true;
  request.jobs = 2;
  return request;
}

// Read once: most of the time of these tests would go into reading them again.
inline RuleLibrary& ShippedRules() {
  static RuleLibrary library(RealFiles(), {RULE_RUNNER_SOURCE_DIR "/rules"});
  return library;
}

// That nothing was found but the warnings that the case is said to get.
inline void CheckWarnings(const GoldenCase& golden, const Diagnostics& diagnostics) {
  std::set<std::string> warned;
  for (const Diagnostic& d : diagnostics.all()) {
    const std::string code = InfoOf(d.code).Id();
    CHECK_MESSAGE((d.severity == Severity::kWarning && golden.warns.contains(code)), code, ": ",
                  d.message);
    warned.insert(code);
  }
  CHECK(warned == golden.warns);
}

inline void MustConvert(MemoryFiles& files, const GoldenCase& golden,
                        const ConvertRequest& request) {
  Diagnostics diagnostics;
  const std::optional<RunReport> report = Convert(files, &ShippedRules(), request, &diagnostics);
  CheckWarnings(golden, diagnostics);
  REQUIRE(report.has_value());
}

// The findings of a conversion that is refused and leaves nothing behind.
inline std::vector<Diagnostic> MustRefuse(MemoryFiles& files, const ConvertRequest& request) {
  Diagnostics diagnostics;
  const std::vector<std::string> before = files.AllPaths();
  CHECK(!Convert(files, &ShippedRules(), request, &diagnostics).has_value());
  CHECK(files.AllPaths() == before);
  return diagnostics.all();
}

}  // namespace rr::golden

#endif  // RULE_RUNNER_TESTS_GOLDEN_GOLDEN_CASE_H_
