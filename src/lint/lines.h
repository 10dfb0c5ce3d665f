// A text by lines.
#ifndef RULE_RUNNER_LINT_LINES_H_
#define RULE_RUNNER_LINT_LINES_H_

#include <algorithm>
#include <string_view>
#include <vector>

namespace rr {

// Each with its line break; the last one may have none.
inline std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

}  // namespace rr

#endif  // RULE_RUNNER_LINT_LINES_H_
