#include <fmt/format.h>

#include "base/suggest.h"
#include "base/text.h"
#include "check/proofs.h"

namespace rr {

void SuggestName(Diagnostic* finding, const std::string& word,
                 const std::vector<std::string>& names, std::string_view what) {
  Suggest(finding, word, names);
  if (finding->help.empty() && !names.empty())
    finding->help = fmt::format("{}: {}", what, JoinWords(names, 12));
}

std::vector<std::string> AxisNames(const RuleFile& file) {
  std::vector<std::string> names;
  for (const AxisRule& axis : file.axes) names.push_back(axis.name.text);
  return names;
}

}  // namespace rr
