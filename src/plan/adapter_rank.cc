#include "plan/adapter_rank.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace rr {
namespace {

constexpr size_t kShownUnfit = 3;  // that do not fit; the others are counted

// Parts of a group that share their ranks: they begin at the same one.
struct RankClass {
  std::set<int> weights;
  int64_t rank = 0;    // that they have
  int64_t needed = 1;  // of these, up to the last that is not zero
};

class RankGiver {
 public:
  RankGiver(const AdapterSource& source, const CheckedRules& rules, int64_t rank,
            FactorValues* values, std::map<SliceKey, SourceRanks>* own, Diagnostics* diagnostics)
      : source_(source),
        rules_(rules),
        rank_(rank),
        values_(values),
        own_(*own),
        diagnostics_(diagnostics) {}

  void Give(SliceGroup* group) {
    const int64_t before = group->rank;
    if (before == rank_) return;
    if (before > rank_ && !Shrink(group)) return;
    ++(before > rank_ ? shrunk_ : filled_);
    const auto was = static_cast<double>(before), is = static_cast<double>(rank_);
    if (group->alpha)
      group->alpha = source_.config.use_rslora() ? *group->alpha * std::sqrt(is / was)
                                                 : *group->alpha * is / was;
    group->rank = rank_;
  }

  void Report(std::vector<std::string>* notes) const {
    if (unfit_ > kShownUnfit)
      diagnostics_->Add(Code::kUniformRank, {},
                        fmt::format("{} more modules do not fit into rank {}: the least that all "
                                    "fit into is {}",
                                    unfit_ - kShownUnfit, rank_, least_));
    if (filled_ > 0)
      notes->push_back(
          fmt::format("--rank {}: {} modules are filled with zeros, and alpha grows with the rank",
                      rank_, filled_));
    if (shrunk_ > 0)
      notes->push_back(fmt::format(
          "--rank {}: {} modules lose ranks that are zero, and alpha goes with the rank", rank_,
          shrunk_));
  }

 private:
  bool Shrink(SliceGroup* group) {
    std::vector<RankClass> classes = ClassesOf(*group);
    int64_t needed = 0, spare = 0;
    for (const RankClass& one : classes) needed += one.needed;
    if (needed > rank_) {
      least_ = std::max(least_, needed);
      if (++unfit_ > kShownUnfit) return false;
      diagnostics_->Add(
          Code::kUniformRank, {},
          fmt::format("{} is stored with rank {}, of which {} are not zero: it does not fit into "
                      "rank {}",
                      SliceName(rules_, group->slices[0]), group->rank, needed, rank_));
      return false;
    }
    // No more ranks go than must: an adapter that was never trained has an A, too.
    spare = rank_ - needed;
    int64_t first = 0;
    for (const RankClass& one : classes) {
      const int64_t kept = std::min(one.rank, one.needed + spare);
      spare -= kept - one.needed;
      for (const int weight : one.weights) group->first[weight] = first;
      for (const SliceKey& slice : group->slices) {
        const auto own = own_.find(slice);
        if (own != own_.end() && one.weights.count(slice.weight) > 0)
          own->second.rank = std::min(own->second.rank, kept);
      }
      first += kept;
    }
    return true;
  }

  std::vector<RankClass> ClassesOf(const SliceGroup& group) {
    std::map<int64_t, RankClass> by_first;
    for (const auto& [weight, first] : group.first) by_first[first].weights.insert(weight);
    std::vector<RankClass> classes;
    for (auto& [first, one] : by_first) {
      for (const SliceKey& slice : group.slices) {
        const auto own = own_.find(slice);
        if (own == own_.end() || one.weights.count(slice.weight) == 0) continue;
        one.rank = std::max(one.rank, own->second.rank);
        one.needed = std::max(one.needed, Needed(slice, own->second));
      }
      classes.push_back(std::move(one));
    }
    return classes;
  }

  int64_t Needed(const SliceKey& slice, const SourceRanks& own) {
    const SlicePieces& pieces = source_.sliced.slices.at(slice);
    const std::vector<bool> a = values_->NonZeroRanks(pieces.a);
    const std::vector<bool> b = values_->NonZeroRanks(pieces.b);
    const auto zero = [](const std::vector<bool>& ranks, size_t r) {
      return r < ranks.size() && !ranks[r];
    };
    int64_t needed = own.rank;
    while (needed > 0) {
      const auto last = static_cast<size_t>(own.first + needed - 1);
      if (!zero(a, last) && !zero(b, last)) break;
      --needed;
    }
    return needed;
  }

  const AdapterSource& source_;
  const CheckedRules& rules_;
  const int64_t rank_;
  FactorValues* values_;
  std::map<SliceKey, SourceRanks>& own_;
  Diagnostics* diagnostics_;
  size_t filled_ = 0, shrunk_ = 0, unfit_ = 0;
  int64_t least_ = 0;
};

}  // namespace

void GiveRank(const AdapterSource& source, const CheckedRules& rules, int64_t rank,
              FactorValues* values, std::map<SliceKey, SourceRanks>* own,
              std::vector<SliceGroup>* groups, std::vector<std::string>* notes,
              Diagnostics* diagnostics) {
  RankGiver giver(source, rules, rank, values, own, diagnostics);
  for (SliceGroup& group : *groups) {
    if (group.HasSource()) giver.Give(&group);
  }
  giver.Report(notes);
}

}  // namespace rr
