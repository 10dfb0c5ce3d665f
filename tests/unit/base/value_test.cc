#include "base/value.h"

#include <doctest/doctest.h>

#include <limits>

namespace rr {
namespace {

TEST_CASE("a value keeps its type") {
  CHECK(Value().IsNull());
  CHECK(*Value(true).AsBool());
  CHECK(*Value(3).AsInt() == 3);
  CHECK(Value(3).AsDouble() == nullptr);
  CHECK(*Value(3.0).AsDouble() == 3.0);
  CHECK(*Value("x").AsString() == "x");
  CHECK(Value(3) == Value(int64_t{3}));
  CHECK_FALSE(Value(3) == Value(3.0));
  CHECK_FALSE(Value(true) == Value(1));
}

TEST_CASE("members of maps") {
  const Value map(Value::Map{{"a", 1}, {"b", "x"}});
  CHECK(*map.Find("b") == Value("x"));
  CHECK(map.Find("c") == nullptr);
  CHECK(Value(1).Find("a") == nullptr);
}

TEST_CASE("as JSON on one line") {
  CHECK(ToJson(Value()) == "null");
  CHECK(ToJson(true) == "true");
  CHECK(ToJson(std::numeric_limits<int64_t>::min()) == "-9223372036854775808");
  CHECK(ToJson(1.0) == "1.0");
  CHECK(ToJson(0.1) == "0.1");
  CHECK(ToJson(1e300) == "1e+300");
  CHECK(ToJson(std::numeric_limits<double>::infinity()) == "Infinity");
  CHECK(ToJson(-std::numeric_limits<double>::infinity()) == "-Infinity");
  CHECK(ToJson(std::numeric_limits<double>::quiet_NaN()) == "NaN");
  CHECK(ToJson(Value::List{1, Value(), "x"}) == R"([1, null, "x"])");
  CHECK(ToJson(Value::Map{{"a", Value::List{1, 2}}, {"b", Value::Map{}}}) ==
        R"({"a": [1, 2], "b": {}})");
  CHECK(ToJson(Value::List{Value::List{1}, Value::Map{{"a", 2}}}) == R"([[1], {"a": 2}])");
}

TEST_CASE("as indented JSON") {
  CHECK(ToPrettyJson(Value::Map{{"a", Value::List{1, 2}}, {"b", Value::Map{{"c", Value()}}}}) ==
        "{\n"
        "  \"a\": [1, 2],\n"
        "  \"b\": {\n"
        "    \"c\": null\n"
        "  }\n"
        "}");
  CHECK(ToPrettyJson(Value::List{Value::List{1}, Value::List{}}) == "[\n  [1],\n  []\n]");
  CHECK(ToPrettyJson(Value::Map{}) == "{}");
}

TEST_CASE("JSON strings") {
  CHECK(JsonQuote("a\"b\\c\n\r\t\x01é") == "\"a\\\"b\\\\c\\n\\r\\t\\u0001é\"");
}

TEST_CASE("types in words") {
  CHECK(TypeName(Value()) == "null");
  CHECK(TypeName(1) == "a whole number");
  CHECK(TypeName(1.5) == "a number");
  CHECK(TypeName(true) == "true or false");
  CHECK(TypeName("x") == "text");
  CHECK(TypeName(Value::List{}) == "a list");
  CHECK(TypeName(Value::Map{}) == "a map");
}

}  // namespace
}  // namespace rr
