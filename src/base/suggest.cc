#include "base/suggest.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace rr {

void Suggest(Diagnostic* finding, std::string_view word,
             const std::vector<std::string>& candidates) {
  const std::optional<std::string> nearest = NearestWord(word, candidates);
  if (!nearest) return;
  finding->help = DidYouMean(word, candidates);
  const int distance = EditDistance(word, *nearest);
  const bool rivals = std::any_of(candidates.begin(), candidates.end(), [&](const auto& other) {
    return other != *nearest && EditDistance(word, other) <= distance;
  });
  const Place& place = finding->place;
  if (rivals || place.source == nullptr) return;
  // Quotes and braces may stand around the word.
  const std::string_view text = place.Text();
  const size_t at = text.find(word);
  if (at == std::string_view::npos || text.find(word, at + 1) != std::string_view::npos) return;
  Place exact = place;
  exact.begin += static_cast<uint32_t>(at);
  exact.end = exact.begin + static_cast<uint32_t>(word.size());
  finding->fix = {{exact, *nearest}};
}

}  // namespace rr
