#include "base/dotted_name.h"

namespace rr {

std::vector<std::string> DottedParts(const std::string& name) {
  std::vector<std::string> parts{""};
  for (const char c : name) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string DottedName(const std::vector<std::string>& parts, size_t begin, size_t end) {
  std::string text;
  for (size_t i = begin; i < end; ++i) text += (i > begin ? "." : "") + parts[i];
  return text;
}

}  // namespace rr
