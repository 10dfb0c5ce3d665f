#include "base/value.h"

#include <fmt/format.h>

#include <cmath>

namespace rr {
namespace {

void Write(const Value& value, int indent, int depth, std::string* out) {
  const std::string newline =
      indent > 0 ? "\n" + std::string(static_cast<size_t>(indent * (depth + 1)), ' ') : "";
  const std::string closing =
      indent > 0 ? "\n" + std::string(static_cast<size_t>(indent * depth), ' ') : "";
  if (value.IsNull()) {
    *out += "null";
  } else if (const bool* b = value.AsBool()) {
    *out += *b ? "true" : "false";
  } else if (const int64_t* n = value.AsInt()) {
    *out += std::to_string(*n);
  } else if (const double* d = value.AsDouble()) {
    if (std::isnan(*d)) {
      *out += "NaN";
    } else if (std::isinf(*d)) {
      *out += *d > 0 ? "Infinity" : "-Infinity";
    } else {
      std::string text = fmt::format("{}", *d);
      if (text.find_first_of(".e") == std::string::npos) text += ".0";
      *out += text;
    }
  } else if (const std::string* s = value.AsString()) {
    *out += JsonQuote(*s);
  } else if (const Value::List* list = value.AsList()) {
    bool flat = true;
    for (const Value& item : *list)
      flat = flat && item.AsList() == nullptr && item.AsMap() == nullptr;
    *out += "[";
    for (size_t i = 0; i < list->size(); ++i) {
      if (i > 0) *out += flat ? ", " : ",";
      if (!flat) *out += newline.empty() && i > 0 ? " " : newline;
      Write((*list)[i], indent, depth + 1, out);
    }
    if (!flat) *out += closing;
    *out += "]";
  } else if (const Value::Map* map = value.AsMap()) {
    *out += "{";
    bool first = true;
    for (const auto& [name, member] : *map) {
      if (!first) *out += newline.empty() ? ", " : ",";
      *out += newline;
      first = false;
      *out += JsonQuote(name) + ": ";
      Write(member, indent, depth + 1, out);
    }
    if (!map->empty()) *out += closing;
    *out += "}";
  }
}

}  // namespace

const Value* Value::Find(std::string_view name) const {
  const Map* map = AsMap();
  if (map == nullptr) return nullptr;
  for (const auto& [key, value] : *map) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string JsonQuote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

std::string ToJson(const Value& value) {
  std::string out;
  Write(value, 0, 0, &out);
  return out;
}

std::string ToPrettyJson(const Value& value, int indent) {
  std::string out;
  Write(value, indent, 0, &out);
  return out;
}

std::string_view TypeName(const Value& value) {
  static constexpr std::string_view kNames[] = {
      "null", "true or false", "a whole number", "a number", "text", "a list", "a map"};
  return kNames[value.data.index()];
}

}  // namespace rr
