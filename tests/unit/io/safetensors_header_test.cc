#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

#include "io/checkpoint.h"
#include "io/memory_files.h"
#include "make_safetensors.h"

namespace rr {
namespace {

struct Outcome {
  std::optional<SafetensorsHeader> header;
  Lines found;
};

Outcome Read(std::string_view file) {
  MemoryFiles files;
  files.Put("/m.safetensors", file);
  Diagnostics diagnostics;
  auto header = ReadSafetensorsHeader(*files.Open("/m.safetensors"), &diagnostics);
  CHECK(header.has_value() == !diagnostics.HasErrors());
  for (const Diagnostic& d : diagnostics.all()) CHECK(d.place.file == "/m.safetensors");
  return {std::move(header), Found(diagnostics)};
}

// The one error of a file with this header and `size` bytes of data.
std::string ErrorOf(std::string_view json, size_t size) {
  const Outcome outcome = Read(Safetensors(json, std::string(size, 'x')));
  REQUIRE(outcome.found.size() == 1);
  CHECK(!outcome.header.has_value());
  return outcome.found[0];
}

std::string Entry(std::string_view fields) { return fmt::format(R"({{"t":{{{}}}}})", fields); }

TEST_CASE("tensors in the order of the header, at bytes of the file") {
  const std::string json = R"({"__metadata__":{"format":"pt","":"é"},)"
                           R"("b":{"shape":[2,3],"dtype":"F32","data_offsets":[1,25]},)"
                           R"("a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}} )";
  const auto outcome = Read(Safetensors(json, std::string(25, 'x')));
  CHECK(outcome.found.empty());
  REQUIRE(outcome.header.has_value());
  const auto& tensors = outcome.header->tensors;
  REQUIRE(tensors.size() == 2);
  CHECK(tensors[0].name == "b");
  CHECK(tensors[0].dtype == Dtype::kF32);
  CHECK(tensors[0].shape == std::vector<int64_t>{2, 3});
  CHECK(tensors[0].begin == 8 + json.size() + 1);
  CHECK(tensors[0].size == 24);
  CHECK(tensors[1].name == "a");
  CHECK(tensors[1].shape.empty());
  CHECK(tensors[1].begin == 8 + json.size());
  CHECK(tensors[1].size == 1);
  CHECK(outcome.header->metadata ==
        std::vector<std::pair<std::string, std::string>>{{"format", "pt"}, {"", "é"}});
}

TEST_CASE("empty tensors lie at borders only") {
  const auto header = [](int at) {
    return fmt::format(R"({{"e":{{"dtype":"F32","shape":[0],"data_offsets":[{0},{0}]}},)"
                       R"("a":{{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}}})",
                       at);
  };
  CHECK(Read(Safetensors(header(0), "xxxx")).found.empty());
  CHECK(Read(Safetensors(header(4), "xxxx")).found.empty());
  CHECK(ErrorOf(header(2), 4) ==
        R"(RR411 tensor "e" begins at byte 2 of the data, inside "a" which ends at 4)");
}

TEST_CASE("the length field") {
  CHECK(Read("").found == Lines{"RR411 the file has 0 bytes, too few for a safetensors header"});
  CHECK(Read("abc").found == Lines{"RR411 the file has 3 bytes, too few for a safetensors header"});
  CHECK(
      Read(std::string("\x09\0\0\0\0\0\0\0{}", 10)).found ==
      Lines{"RR411 the header's length is 9 bytes, but only 2 follow; is the download complete?"});
  CHECK(Read(std::string("\x01\xe1\xf5\x05\0\0\0\0{}", 10)).found ==
        Lines{"RR411 the header's length is 100,000,001 bytes, more than 100,000,000"});
  CHECK(
      Read(std::string(8, '\xff')).found ==
      Lines{
          "RR411 the header's length is 18,446,744,073,709,551,615 bytes, more than 100,000,000"});
  CHECK(Read(std::string(8, '\0')).found ==
        Lines{"RR412 the file is only zeros at its start, as an interrupted download leaves"});
  CHECK(Read(Safetensors("{}")).header.has_value());
}

TEST_CASE("the form of an entry") {
  CHECK(
      ErrorOf(R"({"t":1})", 0) ==
      R"(RR411 tensor "t": byte 5 of the header: a map with dtype, shape and data_offsets is expected)");
  CHECK(ErrorOf(Entry(R"("dtype":"F32","shape":[])"), 0) ==
        R"(RR411 tensor "t": byte 31 of the header: the field `data_offsets` is missing)");
  CHECK(
      ErrorOf(Entry(R"("dtype":"f32","shape":[],"data_offsets":[0,4])"), 4) ==
      R"(RR411 tensor "t": byte 14 of the header: the dtype "f32" is unknown; did you mean `F32`?)");
  CHECK(ErrorOf(Entry(R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])"), 4) ==
        R"(RR411 tensor "t": byte 29 of the header: a size in `shape` (plain digits) is expected)");
  for (const char* size : {"-1", "-0", "1e0", "\"1\"", "true", "null", "01", "18446744073709551616",
                           "9223372036854775808", "[1]", "NaN", ""}) {
    CAPTURE(size);
    CHECK(
        ErrorOf(Entry(fmt::format(R"("dtype":"U8","shape":[1,{}],"data_offsets":[0,1])", size)), 1)
            .starts_with("RR411 tensor \"t\": byte "));
    CHECK(ErrorOf(Entry(fmt::format(R"("dtype":"U8","shape":[1],"data_offsets":[0,{}])", size)), 1)
              .starts_with("RR411 tensor \"t\""));
  }
  CHECK(ErrorOf(Entry(R"("dtype":"U8","shape":[1],"data_offsets":[0,1,2])"), 1) ==
        "RR411 tensor \"t\": byte 53 of the header: `data_offsets` must be a list of two whole "
        "numbers");
  CHECK(ErrorOf(R"({"a\u0007b":{}})", 0) ==
        R"(RR411 tensor "a\u0007b": byte 12 of the header: a name with a control character)");
}

TEST_CASE("sizes") {
  CHECK(
      ErrorOf(Entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"), 4) ==
      R"(RR411 tensor "t": byte 53 of the header: `data_offsets` span 4 bytes, but F32 [2] takes 8)");
  CHECK(ErrorOf(Entry(R"("dtype":"F4","shape":[3],"data_offsets":[0,2])"), 2) ==
        R"(RR411 tensor "t": byte 52 of the header: [3] elements of F4 do not fill whole bytes)");
  // Wherever a zero stands, the other dims must have a product.
  for (const char* shape : {"0,4611686018427387904,4", "4611686018427387904,4,0"}) {
    const auto json =
        Entry(fmt::format(R"("dtype":"U8","shape":[{}],"data_offsets":[0,0])", shape));
    CHECK(ErrorOf(json, 0).ends_with("does not fit 63 bits"));
  }
  const auto rank = [](size_t n) {
    std::string shape = "1";
    for (size_t i = 1; i < n; ++i) shape += ",1";
    return Entry(fmt::format(R"("dtype":"U8","shape":[{}],"data_offsets":[0,1])", shape));
  };
  CHECK(Read(Safetensors(rank(64), "x")).found.empty());
  CHECK(ErrorOf(rank(65), 1).ends_with("more than 64 dimensions"));
}

TEST_CASE("duplicates") {
  const auto two = [](const char* a, const char* b) {
    return fmt::format(R"({{"{}":{{"dtype":"U8","shape":[1],"data_offsets":[0,1]}},)"
                       R"("{}":{{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}}})",
                       a, b);
  };
  CHECK(ErrorOf(two("ab", "\\u0061b"), 2) == R"(RR411 tensor "ab" is there twice)");
  CHECK(Read(Safetensors(two("a", "b"), "xx")).found.empty());
  CHECK(ErrorOf(R"({"__metadata__":{"a":"1","\u0061":"2"}})", 0)
            .ends_with("`__metadata__`: \"a\" is there twice"));
  CHECK(ErrorOf(Entry(R"("dtype":"U8","dtype":"U8")"), 1)
            .ends_with("the field \"dtype\" is there twice"));
  CHECK(ErrorOf(Entry(R"("x":1,"x":1)"), 1).ends_with("the field \"x\" is there twice"));
}

TEST_CASE("unknown fields are passed over with one warning") {
  const auto outcome = Read(Safetensors(
      R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"strides":[[1]],"x":{"y":null}}})",
      "x"));
  CHECK(outcome.header.has_value());
  CHECK(outcome.found ==
        Lines{"RR415 tensor \"a\" has the field \"strides\", which the format does not "
              "have; 2 such fields were passed over"});
}

TEST_CASE("a damaged file is refused or has the right sizes") {
  const std::string good = Safetensors(
      R"({"__metadata__":{"k":"\u00e9"},"a":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]},)"
      R"("b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]}})",
      "xxxxxxx");
  REQUIRE(Read(good).header.has_value());
  for (size_t i = 0; i < good.size(); ++i) {
    CHECK(!Read(good.substr(0, i)).header.has_value());
    for (const char c :
         {'\0', '"', '{', '}', '[', ']', ',', '0', '9', '-', '\\', ' ', '\x80', '\xff'}) {
      std::string bad = good;
      bad[i] = c;
      const auto outcome = Read(bad);
      if (!outcome.header.has_value()) continue;
      uint64_t bytes = 0;
      for (const StoredTensor& tensor : outcome.header->tensors) bytes += tensor.size;
      CHECK(bytes == 7);
    }
  }
}

TEST_CASE("a header of 200,000 tensors") {
  std::string json = "{";
  constexpr int kCount = 200'000;
  for (int i = 0; i < kCount; ++i) {
    // Not in the order of the names, so that the slower search for duplicates runs.
    json += fmt::format(
        R"("model.layers.{}.mlp.experts.{}.gate_proj.weight":{{"dtype":"BF16","shape":[1],)"
        R"("data_offsets":[{},{}]}},)",
        i % 100, kCount - i, i * 2, i * 2 + 2);
  }
  const std::string data(2 * kCount, 'x');
  const auto good = Read(Safetensors(json.substr(0, json.size() - 1) + "}", data));
  REQUIRE(good.header.has_value());
  CHECK(good.header->tensors.size() == kCount);
  CHECK(good.header->tensors[77].name == "model.layers.77.mlp.experts.199923.gate_proj.weight");
  const std::string twice =
      json + fmt::format(R"("model.layers.5.mlp.experts.199995.gate_proj.weight":)"
                         R"({{"dtype":"U8","shape":[0],"data_offsets":[{0},{0}]}}}})",
                         2 * kCount);
  CHECK(
      Read(Safetensors(twice, data)).found ==
      Lines{"RR411 tensor \"model.layers.5.mlp.experts.199995.gate_proj.weight\" is there twice"});
}

}  // namespace
}  // namespace rr
