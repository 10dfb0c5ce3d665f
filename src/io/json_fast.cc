#include "io/json_fast.h"

#include <simdjson.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "io/json_reader.h"

namespace rr {
namespace {

namespace dom = simdjson::dom;

bool HasDuplicates(const Value::Map& map) {
  std::vector<std::string_view> names;
  names.reserve(map.size());
  for (const auto& [name, value] : map) names.push_back(name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

bool Convert(const dom::element& element, Value* out) {
  switch (element.type()) {
    case dom::element_type::NULL_VALUE:
      return true;
    case dom::element_type::BOOL:
      *out = Value(bool(element));
      return true;
    case dom::element_type::INT64:
      *out = Value(int64_t(element));
      return true;
    case dom::element_type::DOUBLE:
      *out = Value(double(element));
      return true;
    case dom::element_type::UINT64:
      return false;  // beyond int64: the other reader decides what becomes of it
    case dom::element_type::STRING:
      *out = Value(std::string(std::string_view(element)));
      return true;
    case dom::element_type::ARRAY: {
      Value::List list;
      for (const dom::element item : dom::array(element)) {
        list.emplace_back();
        if (!Convert(item, &list.back())) return false;
      }
      *out = Value(std::move(list));
      return true;
    }
    case dom::element_type::OBJECT: {
      Value::Map map;
      for (const dom::key_value_pair member : dom::object(element)) {
        map.emplace_back(std::string(member.key), Value());
        if (!Convert(member.value, &map.back().second)) return false;
      }
      if (HasDuplicates(map)) return false;
      *out = Value(std::move(map));
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<Value> ReadPlainJson(const std::string& text) {
  dom::parser parser;
  if (parser.allocate(text.size(), kMaxJsonDepth) != simdjson::SUCCESS) return std::nullopt;
  dom::element root;
  if (parser.parse(text).get(root) != simdjson::SUCCESS) return std::nullopt;
  Value value;
  if (!Convert(root, &value)) return std::nullopt;
  return value;
}

}  // namespace rr
