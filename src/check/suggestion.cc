#include <fmt/format.h>

#include "base/text.h"
#include "check/proofs.h"

namespace rr {

std::string Suggestion(const std::string& word, const std::vector<std::string>& names,
                       std::string_view what) {
  const std::string nearest = DidYouMean(word, names);
  if (!nearest.empty() || names.empty()) return nearest;
  return fmt::format("{}: {}", what, JoinWords(names, 12));
}

std::vector<std::string> AxisNames(const RuleFile& file) {
  std::vector<std::string> names;
  for (const AxisRule& axis : file.axes) names.push_back(axis.name.text);
  return names;
}

}  // namespace rr
