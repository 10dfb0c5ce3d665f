#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "lint/fix.h"
#include "lint/lines.h"

namespace rr {
namespace {

constexpr size_t kContext = 3;

// One line of the result: kept, taken out or put in.
struct Step {
  char mark;
  std::string_view line;
};

// The shortest script by the longest common subsequence of what is between the equal beginning and
// the equal end: fixes change few lines, so that part is small.
std::vector<Step> ScriptOf(const std::vector<std::string_view>& a,
                           const std::vector<std::string_view>& b) {
  size_t head = 0, tail = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  while (tail < a.size() - head && tail < b.size() - head &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
    ++tail;
  const size_t n = a.size() - head - tail, m = b.size() - head - tail;
  std::vector<std::vector<size_t>> common(n + 1, std::vector<size_t>(m + 1));
  for (size_t i = n; i-- > 0;) {
    for (size_t j = m; j-- > 0;) {
      common[i][j] = a[head + i] == b[head + j] ? common[i + 1][j + 1] + 1
                                                : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::vector<Step> steps;
  for (size_t i = 0; i < head; ++i) steps.push_back({' ', a[i]});
  for (size_t i = 0, j = 0; i < n || j < m;) {
    if (i < n && j < m && a[head + i] == b[head + j]) {
      steps.push_back({' ', a[head + i]});
      ++i, ++j;
    } else if (i < n && (j == m || common[i + 1][j] >= common[i][j + 1])) {
      steps.push_back({'-', a[head + i++]});
    } else {
      steps.push_back({'+', b[head + j++]});
    }
  }
  for (size_t i = a.size() - tail; i < a.size(); ++i) steps.push_back({' ', a[i]});
  return steps;
}

std::string Range(size_t first, size_t count) {
  if (count == 1) return std::to_string(first + 1);
  return fmt::format("{},{}", count == 0 ? first : first + 1, count);
}

}  // namespace

std::string UnifiedDiff(const std::string& path, std::string_view before, std::string_view after) {
  if (before == after) return "";
  const std::vector<Step> steps = ScriptOf(LinesOf(before), LinesOf(after));
  std::string out = fmt::format("--- {}\n+++ {}\n", path, path);
  size_t old_line = 0, new_line = 0, at = 0;  // of steps[at]
  while (at < steps.size()) {
    if (steps[at].mark == ' ') {
      ++at, ++old_line, ++new_line;
      continue;
    }
    // A hunk reaches to the last change that is followed by more than twice the context.
    const size_t lead = std::min(kContext, at);
    size_t begin = at, end = at, kept = 0;
    for (size_t i = at; i < steps.size() && kept <= 2 * kContext; ++i) {
      kept = steps[i].mark == ' ' ? kept + 1 : 0;
      if (kept == 0) end = i + 1;
    }
    begin -= std::min(lead, begin);
    const size_t stop = std::min(end + kContext, steps.size());
    const size_t old_first = old_line - (at - begin), new_first = new_line - (at - begin);
    size_t old_count = 0, new_count = 0;
    std::string body;
    for (size_t i = begin; i < stop; ++i) {
      old_count += steps[i].mark != '+';
      new_count += steps[i].mark != '-';
      body += steps[i].mark;
      body += steps[i].line;
      if (!steps[i].line.ends_with('\n')) body += "\n\\ No newline at end of file\n";
    }
    out += fmt::format("@@ -{} +{} @@\n", Range(old_first, old_count), Range(new_first, new_count));
    out += body;
    old_line = old_first + old_count;
    new_line = new_first + new_count;
    at = stop;
  }
  return out;
}

}  // namespace rr
