// A JSON-like value: what a config.json holds and what a formula computes with.
#ifndef RULE_RUNNER_BASE_VALUE_H_
#define RULE_RUNNER_BASE_VALUE_H_

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rr {

// Whole numbers stay int64; other numbers are doubles (also whole numbers beyond int64, Infinity
// and NaN). Objects keep the order of the file.
struct Value {
  using List = std::vector<Value>;
  using Map = std::vector<std::pair<std::string, Value>>;
  std::variant<std::monostate, bool, int64_t, double, std::string, List, Map> data;

  Value() = default;
  Value(bool b) : data(b) {}                       // NOLINT: values convert from literals
  Value(int64_t n) : data(n) {}                    // NOLINT
  Value(int n) : data(static_cast<int64_t>(n)) {}  // NOLINT
  Value(double d) : data(d) {}                     // NOLINT
  Value(std::string s) : data(std::move(s)) {}     // NOLINT
  Value(const char* s) : data(std::string(s)) {}   // NOLINT
  Value(List list) : data(std::move(list)) {}      // NOLINT
  Value(Map map) : data(std::move(map)) {}         // NOLINT

  bool IsNull() const { return std::holds_alternative<std::monostate>(data); }
  const bool* AsBool() const { return std::get_if<bool>(&data); }
  const int64_t* AsInt() const { return std::get_if<int64_t>(&data); }
  const double* AsDouble() const { return std::get_if<double>(&data); }
  const std::string* AsString() const { return std::get_if<std::string>(&data); }
  const List* AsList() const { return std::get_if<List>(&data); }
  const Map* AsMap() const { return std::get_if<Map>(&data); }

  // The member of a map; null when this is no map or has no such member.
  const Value* Find(std::string_view name) const;

  bool operator==(const Value& other) const { return data == other.data; }
};

template <typename Range>
Value ListOf(const Range& items) {
  return Value(Value::List(std::begin(items), std::end(items)));
}

// As JSON text on one line (Infinity and NaN as Python writes them), for messages and reports.
std::string ToJson(const Value& value);
// As indented JSON text.
std::string ToPrettyJson(const Value& value, int indent = 2);
// A JSON string literal of UTF-8 text.
std::string JsonQuote(std::string_view text);
// "a whole number", "text", "a list": for messages about types.
std::string_view TypeName(const Value& value);

}  // namespace rr

#endif  // RULE_RUNNER_BASE_VALUE_H_
