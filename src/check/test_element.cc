#include "check/test_element.h"

#include <charconv>

namespace rr {

std::optional<TestElement> ParseTestElement(std::string_view text) {
  const size_t open = text.find('[');
  if (open == std::string_view::npos || !text.ends_with(']')) return std::nullopt;
  TestElement element{std::string(text.substr(0, open)), {}};
  const char* at = text.data() + open + 1;
  const char* end = text.data() + text.size() - 1;
  while (at < end) {
    while (at < end && (*at == ' ' || *at == ',')) ++at;
    int64_t n = 0;
    const auto [next, error] = std::from_chars(at, end, n);
    if (error != std::errc()) return std::nullopt;
    element.indices.push_back(n);
    at = next;
  }
  return element;
}

}  // namespace rr
