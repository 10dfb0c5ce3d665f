// The source line of a finding with a caret line under it.
#ifndef RULE_RUNNER_REPORT_EXCERPT_H_
#define RULE_RUNNER_REPORT_EXCERPT_H_

#include <string>
#include <string_view>

#include "base/source.h"

namespace rr {

struct Excerpt {
  int line = 0;       // 1-based
  std::string text;   // safe to print: what is no printable UTF-8 is replaced
  std::string caret;  // the same width in a terminal up to the end of the carets
};

// The first line of `place`, which has a source.
Excerpt ExcerptOf(const Place& place);

// Text that a terminal prints as it is: control characters and bytes that are not UTF-8 become
// U+FFFD; tabs and line breaks stay.
std::string Printable(std::string_view text);

}  // namespace rr

#endif  // RULE_RUNNER_REPORT_EXCERPT_H_
