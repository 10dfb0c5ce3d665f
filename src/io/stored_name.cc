#include "io/stored_name.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/value.h"
#include "io/json_reader.h"

namespace rr {

std::string ShowName(std::string_view name) {
  constexpr size_t kMost = 160;
  if (name.size() <= kMost) return JsonQuote(name);
  size_t cut = kMost;
  while (cut > 0 && (static_cast<unsigned char>(name[cut]) & 0xc0) == 0x80)
    --cut;  // not inside a character
  return JsonQuote(name.substr(0, cut)) + "...";
}

bool HasControlCharacter(std::string_view utf8) {
  for (size_t i = PlainLength(utf8); i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    if ((c < 0x20 && c != '\t') || c == 0x7f) return true;
    const bool may_be_c1 = c == 0xc2 && i + 1 < utf8.size();
    if (may_be_c1 && static_cast<unsigned char>(utf8[i + 1]) < 0xa0) return true;  // U+0080-9F
  }
  return false;
}

std::optional<size_t> FindDuplicateName(size_t count,
                                        const std::function<std::string_view(size_t)>& name_of) {
  // Files are mostly in the order of names: then one pass decides.
  size_t i = 1;
  while (i < count && name_of(i - 1) < name_of(i)) ++i;
  if (i >= count) return std::nullopt;
  // By hash first, which is several times quicker than comparing long names with long common
  // beginnings; sorted and not in a hash table, so that names chosen to collide cost no more than
  // comparisons.
  std::vector<std::pair<size_t, size_t>> order;
  order.reserve(count);
  for (size_t k = 0; k < count; ++k)
    order.emplace_back(std::hash<std::string_view>()(name_of(k)), k);
  std::sort(order.begin(), order.end());
  for (auto run = order.begin(); run != order.end();) {
    const auto end =
        std::find_if(run, order.end(), [&](const auto& e) { return e.first != run->first; });
    if (end - run > 1) {
      std::sort(run, end, [&](const auto& a, const auto& b) {
        return std::pair(name_of(a.second), a.second) < std::pair(name_of(b.second), b.second);
      });
      const auto twice = std::adjacent_find(run, end, [&](const auto& a, const auto& b) {
        return name_of(a.second) == name_of(b.second);
      });
      if (twice != end) return (twice + 1)->second;
    }
    run = end;
  }
  return std::nullopt;
}

}  // namespace rr
