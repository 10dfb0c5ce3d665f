#include "io/json.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "make_safetensors.h"

namespace rr {
namespace {

std::string Read(const std::string& text) {
  Diagnostics diagnostics;
  const auto value = ParseJson("config.json", text, &diagnostics);
  CHECK(value.has_value() == diagnostics.all().empty());
  return value ? ToJson(*value) : Found(diagnostics).front();
}

Value Parsed(const std::string& text) {
  Diagnostics diagnostics;
  auto value = ParseJson("config.json", text, &diagnostics);
  REQUIRE(value.has_value());
  return *value;
}

TEST_CASE("values") {
  CHECK(Read(" {\"a\" : [1, -2.5, true ,false, null, \"x\"], \"b\": {}} \r\n\t") ==
        R"({"a": [1, -2.5, true, false, null, "x"], "b": {}})");
  CHECK(Read(R"({"z":1,"a":2})") == R"({"z": 1, "a": 2})");  // the order of the file
  CHECK(Read("[]") == "[]");
  CHECK(Read(R"("\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é")") ==
        "\"\\\"\\\\/\\u0008\\u000c\\n\\r\\té😀é\"");
}

TEST_CASE("numbers") {
  CHECK(Parsed("9223372036854775807") == Value(std::numeric_limits<int64_t>::max()));
  CHECK(Parsed("-9223372036854775808") == Value(std::numeric_limits<int64_t>::min()));
  CHECK(Parsed("9223372036854775808") == Value(9223372036854775808.0));
  CHECK(Parsed("1000000000000000000000000000000") == Value(1e30));
  CHECK(Parsed("-0") == Value(0));
  CHECK(Parsed("2.0") == Value(2.0));
  CHECK(Parsed("2e0") == Value(2.0));
  CHECK(Parsed("1E+2") == Value(100.0));
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(Parsed("Infinity") == Value(infinity));
  CHECK(Parsed("[0.0, -Infinity]").AsList()->at(1) == Value(-infinity));
  CHECK(std::isnan(*Parsed("NaN").AsDouble()));
  CHECK(Parsed("1e999") == Value(infinity));
  CHECK(Parsed("-1e999") == Value(-infinity));
  CHECK(Parsed("1e-999") == Value(0.0));
  CHECK(Parsed("1" + std::string(400, '0')) == Value(infinity));
  CHECK(Parsed("0." + std::string(400, '0') + "1") == Value(0.0));
  for (const char* bad :
       {"01", "-", "+1", "1.", ".5", "1e", "0x10", "-NaN", "Infinit", "1_0", "--1"}) {
    CAPTURE(bad);
    CHECK(Read(bad).starts_with("RR421"));
  }
}

TEST_CASE("errors say where") {
  CHECK(Read("") == "RR421 the file is empty; JSON text is expected");
  CHECK(Read(" \n") == "RR421 the file is empty; JSON text is expected");
  CHECK(Read("\xef\xbb\xbf{}") == "RR421 byte 0: JSON text must not begin with a byte order mark");
  CHECK(Read("{\"a\":1,}") == "RR421 byte 7: a name in double quotes is expected");
  CHECK(Read("[1,]") == "RR421 byte 3: a value is expected after the comma");
  CHECK(Read("[1 2]") == "RR421 byte 3: a comma or `]` is expected");
  CHECK(Read("{\"a\" 1}") == "RR421 byte 5: a colon is expected");
  CHECK(Read("{'a': 1}") == "RR421 byte 1: a name in double quotes is expected");
  CHECK(Read("{\"a\": None}") == "RR421 byte 6: a value is expected");
  CHECK(Read("{\"a\":\n  1,\n \"a\": 2}") ==
        "RR421 line 3, byte 16: the name \"a\" is there twice");
  CHECK(Read(R"({"a":1,"\u0061":2})") == "RR421 byte 16: the name \"a\" is there twice");
  CHECK(Read(R"([{"b":{"x":1,"y":2,"x":3}}])").starts_with("RR421 byte 23: the name \"x\""));
  CHECK(Read("{} {}") == "RR421 byte 3: more text follows the end of the value");
  CHECK(Read("{}//") == "RR421 byte 2: more text follows the end of the value");
  CHECK(Read("[1") == "RR421 byte 2: the text ends where a comma or `]` is expected");
  CHECK(Read("tru") == "RR421 byte 0: a value is expected");
  CHECK(Read("truex") == "RR421 byte 4: more text follows the end of the value");
}

TEST_CASE("text") {
  CHECK(Read("\"a") == "RR421 byte 0: text whose closing quote is missing");
  CHECK(Read("\"a\\") == "RR421 byte 2: an escape that JSON does not have");
  CHECK(Read("\"\\x41\"") == "RR421 byte 1: an escape that JSON does not have");
  CHECK(Read("\"\\u12g4\"") == "RR421 byte 5: four hexadecimal digits are expected after \\u");
  CHECK(Read("\"\\ud800\"") == "RR421 byte 1: half of a surrogate pair");
  CHECK(Read("\"\\udc00\"") == "RR421 byte 1: half of a surrogate pair");
  CHECK(Read("\"\\ud800\\u0041\"") == "RR421 byte 1: half of a surrogate pair");
  CHECK(Read("\"a\tb\"") ==
        "RR421 byte 2: the control character 0x09 must be written as an escape");
  CHECK(Parsed("\"\\u0000\"") == Value(std::string(1, '\0')));
  for (const char* bad : {"\xff", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                          "\xf0\x80\x80\x80", "\xe2\x82", "\x80"}) {
    CHECK(Read("\"" + std::string(bad) + "\"") == "RR421 byte 1: bytes that are not UTF-8");
  }
  for (const char* good : {"\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    CHECK(Parsed("\"" + std::string(good) + "\"") == Value(good));
  }
}

TEST_CASE("depth") {
  const auto nested = [](size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  CHECK(Read(nested(64)) == nested(64));
  CHECK(Read(nested(65)) == "RR421 byte 64: more than 64 levels of nesting");
  CHECK(Read(std::string(100'000, '[')).starts_with("RR421 byte 64"));
  std::string maps;
  for (int i = 0; i < 100'000; ++i) maps += "{\"a\":";
  CHECK(Read(maps).ends_with("more than 64 levels of nesting"));
}

}  // namespace
}  // namespace rr
