#include "bind/ranks.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "bind/bound_layout.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

Poly WithoutOthers(const Poly& extent, const Model& model) {
  return extent.Substitute([&](const std::string& axis) -> std::optional<int64_t> {
    return axis == kRankAxis ? std::nullopt : model.SizeOf(axis);
  });
}

// Whether the sizes known allow this shape.
bool Contradicts(const CheckedEntry& entry, const std::string& index_axis,
                 const std::vector<int64_t>& shape, const Model& model) {
  if (shape.size() != entry.shape.size()) return true;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (entry.rule->pad && entry.rule->pad->dim == static_cast<int64_t>(d)) continue;
    if (!index_axis.empty() && entry.shape[d].Has(index_axis)) continue;
    const Poly rest = WithoutOthers(entry.shape[d], model);
    const auto linear = rest.AsLinear();
    if (linear && linear->axis == kRankAxis) {
      if (linear->factor <= 0 || (shape[d] - linear->constant) % linear->factor != 0) return true;
      continue;
    }
    const std::optional<int64_t> extent =
        rest.Evaluate([](const std::string&) -> std::optional<int64_t> { return std::nullopt; });
    if (extent && *extent != shape[d]) return true;
  }
  return false;
}

}  // namespace

std::optional<int64_t> RankOfShape(const CheckedEntry& entry, const std::vector<int64_t>& shape,
                                   const Model& model) {
  if (shape.size() != entry.shape.size()) return std::nullopt;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (!entry.shape[d].Has(kRankAxis)) continue;
    const auto linear = WithoutOthers(entry.shape[d], model).AsLinear();
    if (!linear || linear->axis != kRankAxis || linear->factor <= 0) return std::nullopt;
    const int64_t n = shape[d] - linear->constant;
    if (n < 0 || n % linear->factor != 0) return std::nullopt;
    return n / linear->factor;
  }
  return std::nullopt;
}

std::map<std::string, int64_t> SolveRanks(const CheckedLayout& layout, const LayoutMatch& match,
                                          const KeyTable& table, const Model& model,
                                          Diagnostics* diagnostics) {
  std::map<std::string, int64_t> ranks;
  size_t reported = 0;
  for (const EntryMatch& one : match.matches) {
    const CheckedEntry& entry = layout.entries[static_cast<size_t>(one.entry)];
    if (entry.variant != match.choice.variants[static_cast<size_t>(entry.block)]) continue;
    const FoundKey& key = table.keys[one.key];
    if (!HasRank(entry)) continue;
    if (!key.shape) {
      ranks[key.name] = 1;  // a list of keys: any rank
      continue;
    }
    if (const auto rank = RankOfShape(entry, *key.shape, model)) {
      ranks[key.name] = *rank;
      continue;
    }
    if (++reported > 3) continue;
    std::vector<std::string> formula;
    for (const Poly& extent : entry.shape) formula.push_back(extent.ToString());
    Diagnostic& d =
        diagnostics->Add(Code::kShapeMismatch, entry.rule->place,
                         fmt::format("{} is [{}], which is no [{}] with a whole rank R", key.name,
                                     fmt::join(*key.shape, ", "), fmt::join(formula, ", ")));
    for (const Poly& extent : entry.shape) {
      for (const std::string& axis : extent.Axes()) {
        if (axis == kRankAxis) continue;
        const std::string origin = model.OriginOf(axis);
        d.notes.push_back(
            {{}, origin.empty() ? fmt::format("{} is unknown", axis) : axis + ": " + origin});
      }
    }
    d.help = "give the model's config.json with --config";
  }
  return ranks;
}

void ChooseVariantsByShape(const CheckedLayout& layout, const KeyTable& table, const Model& model,
                           LayoutMatch* match) {
  struct Count {
    int fits = 0, contradicts = 0;
  };
  std::vector<std::vector<Count>> counts;
  for (const int count : layout.variant_counts)
    counts.emplace_back(static_cast<size_t>(std::max(count, 1)));
  for (const EntryMatch& one : match->matches) {
    const CheckedEntry& entry = layout.entries[static_cast<size_t>(one.entry)];
    Count& count = counts[static_cast<size_t>(entry.block)][static_cast<size_t>(entry.variant)];
    const auto& shape = table.keys[one.key].shape;
    const bool bad = shape && Contradicts(entry, model.IndexAxisOf(entry.block), *shape, model);
    ++(bad ? count.contradicts : count.fits);
  }
  for (size_t b = 0; b < counts.size(); ++b) {
    const auto better = [](const Count& x, const Count& y) {
      const int known_x = x.fits + x.contradicts, known_y = y.fits + y.contradicts;
      return known_x != known_y ? known_x < known_y : x.fits < y.fits;
    };
    match->choice.variants[b] = static_cast<int>(
        std::max_element(counts[b].begin(), counts[b].end(), better) - counts[b].begin());
  }
}

}  // namespace rr
