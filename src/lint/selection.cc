#include "lint/selection.h"

#include <string_view>

#include "lint/lint_docs.h"

namespace rr {
namespace {

std::set<Code> Codes(const std::vector<std::string>& texts, std::string* unknown) {
  std::set<Code> codes;
  for (const std::string& text : texts) {
    for (std::string_view rest = text; !rest.empty();) {
      const size_t comma = rest.find(',');
      const std::string_view word = rest.substr(0, comma);
      const std::vector<Code> found = CodesOf(word);
      if (found.empty() && unknown->empty()) *unknown = word;
      codes.insert(found.begin(), found.end());
      rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
    }
  }
  return codes;
}

}  // namespace

Selection::Selection(const std::vector<std::string>& select, const std::vector<std::string>& ignore,
                     std::string* unknown) {
  if (!select.empty()) select_ = Codes(select, unknown);
  ignore_ = Codes(ignore, unknown);
}

bool Selection::Shows(const Diagnostic& finding) const {
  if (ignore_.count(finding.code) > 0) return false;
  return select_ ? select_->count(finding.code) > 0 : finding.severity != Severity::kNote;
}

}  // namespace rr
