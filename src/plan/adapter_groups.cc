#include "plan/adapter_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/text.h"

namespace rr {
namespace {

// Sets of numbers that grow together.
class Unions {
 public:
  uint32_t Find(uint32_t x) {
    auto [at, is_new] = parent_.emplace(x, x);
    if (is_new || at->second == x) return x;
    return at->second = Find(at->second);
  }
  void Join(uint32_t a, uint32_t b) { parent_[Find(a)] = Find(b); }

 private:
  std::map<uint32_t, uint32_t> parent_;
};

std::vector<uint32_t> AllPieces(const SlicePieces& pieces) {
  std::vector<uint32_t> all;
  for (const auto* list : {&pieces.a, &pieces.b, &pieces.magnitude, &pieces.bias})
    all.insert(all.end(), list->begin(), list->end());
  return all;
}

// Parts that have the same A at every index of the batch, and their common rank.
struct Class {
  std::vector<int> weights;
  int64_t rank = 0;
};

class Joiner {
 public:
  Joiner(const AdapterSource& source, const CheckedRules& rules,
         const std::map<SliceKey, SourceRanks>& own, const ConversionOptions& options,
         FactorValues* values, Diagnostics* diagnostics)
      : source_(source),
        rules_(rules),
        own_(own),
        options_(options),
        values_(values),
        diagnostics_(diagnostics) {}

  void Group(SliceGroup* group) {
    std::vector<Class> classes;
    std::map<int, std::vector<SliceKey>> parts;
    for (const SliceKey& slice : group->slices) {
      if (own_.count(slice) > 0) parts[slice.weight].push_back(slice);
    }
    for (const auto& [weight, slices] : parts) {
      Class* home = nullptr;
      for (Class& one : classes) {
        if (SameA(slices, parts.at(one.weights[0]))) home = &one;
        if (home != nullptr) break;
      }
      if (home == nullptr) {
        classes.push_back({});
        home = &classes.back();
      }
      home->weights.push_back(weight);
      for (const SliceKey& slice : slices) {
        const int64_t rank = own_.at(slice).rank;
        if (home->rank != 0 && home->rank != rank) uneven_.push_back(slice);
        home->rank = std::max(home->rank, rank);
      }
    }
    if (classes.size() > 1 && options_.fuse == FuseMode::kShared) {
      diagnostics_
          ->Add(Code::kDifferentA, {},
                fmt::format("`{}` and `{}` are stored with one A, and theirs differ",
                            rules_.FullName(classes[0].weights[0]),
                            rules_.FullName(classes[1].weights[0])))
          .help = "--fuse block-diagonal stacks the ranks";
    }
    for (const Class& one : classes) {
      for (const int weight : one.weights) group->first[weight] = group->rank;
      group->rank += one.rank;
    }
    if (parts.size() > 1) ++(classes.size() > 1 ? stacked_ : shared_);
    Scale(parts, group);
  }

  // One scale for the group: that of its first slice. The others are folded into B.
  void Scale(const std::map<int, std::vector<SliceKey>>& parts, SliceGroup* group) {
    for (const auto& [weight, slices] : parts) {
      for (const SliceKey& slice : slices) {
        const std::optional<double> scale = source_.ScaleOf(slice);
        if (!group->scale) {
          group->scale = scale;
          const SliceFacts& facts = source_.facts.at(slice);
          const double growth = static_cast<double>(group->rank) / static_cast<double>(facts.rank);
          if (facts.alpha)
            group->alpha =
                *facts.alpha * (source_.config.use_rslora() ? std::sqrt(growth) : growth);
        }
      }
    }
  }

  void Report(std::vector<std::string>* notes) const {
    if (shared_ > 0)
      notes->push_back(fmt::format("{} modules have one A for all their parts", shared_));
    if (stacked_ > 0)
      notes->push_back(fmt::format(
          "{} modules are block-diagonal: their parts had different A, the ranks are stacked",
          stacked_));
  }

  const std::vector<SliceKey>& uneven() const { return uneven_; }

 private:
  bool SameA(const std::vector<SliceKey>& a, const std::vector<SliceKey>& b) {
    // The same indices on both sides.
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (a[i].batch != b[i].batch) return false;
      const SourceRanks& x = own_.at(a[i]);
      const SourceRanks& y = own_.at(b[i]);
      if (x.rank != y.rank || x.first != y.first) return false;
    }
    for (size_t i = 0; i < a.size(); ++i) {
      const auto& x = source_.sliced.slices.at(a[i]).a;
      const auto& y = source_.sliced.slices.at(b[i]).a;
      const bool equal =
          options_.fuse == FuseMode::kBlockDiagonal ? IsOne(x, y) : values_->Equal(x, y);
      if (!equal) return false;
    }
    return true;
  }

  // Stored once in the source.
  bool IsOne(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) const {
    const auto& pieces = source_.sliced.bound.pieces;
    return a.size() == 1 && b.size() == 1 && pieces[a[0]].stored == pieces[b[0]].stored &&
           pieces[a[0]].start == pieces[b[0]].start;
  }

  const AdapterSource& source_;
  const CheckedRules& rules_;
  const std::map<SliceKey, SourceRanks>& own_;
  const ConversionOptions& options_;
  FactorValues* values_;
  Diagnostics* diagnostics_;
  size_t shared_ = 0, stacked_ = 0;
  std::vector<SliceKey> uneven_;
};

// Consecutive blocks, one per part in the order of the parts, that make up all ranks; empty when
// the non-zero ranks are not such blocks.
std::vector<SourceRanks> BlocksOf(const std::vector<std::vector<bool>>& nonzero) {
  std::vector<SourceRanks> blocks;
  if (nonzero.size() < 2) return {};
  const size_t rank = nonzero[0].size();
  size_t begin = 0;
  std::vector<size_t> firsts, lasts;
  for (const std::vector<bool>& part : nonzero) {
    if (part.size() != rank) return {};
    size_t first = rank, last = 0;
    for (size_t r = 0; r < rank; ++r) {
      if (!part[r]) continue;
      first = std::min(first, r);
      last = r;
    }
    if (first == rank) return {};  // all zero: nothing shows where its block is
    firsts.push_back(first);
    lasts.push_back(last);
  }
  for (size_t p = 0; p < nonzero.size(); ++p) {
    // Where zeros leave a choice, all blocks are equally long; otherwise the border must be clear.
    const size_t equal = rank % nonzero.size() == 0 ? rank / nonzero.size() * (p + 1) : 0;
    const size_t low = lasts[p] + 1;
    const size_t high = p + 1 < nonzero.size() ? firsts[p + 1] : rank;
    if (firsts[p] < begin || low > high) return {};
    size_t end = p + 1 == nonzero.size() ? rank : low == high ? low : equal;
    if (end < low || end > high) return {};
    blocks.push_back({static_cast<int64_t>(begin), static_cast<int64_t>(end - begin)});
    begin = end;
  }
  return blocks;
}

}  // namespace

std::vector<SliceGroup> GroupSlices(const SlicedLayout& sliced) {
  Unions unions;
  for (const auto& [key, pieces] : sliced.slices) {
    const std::vector<uint32_t> all = AllPieces(pieces);
    for (const uint32_t piece : all)
      unions.Join(sliced.bound.pieces[all[0]].stored, sliced.bound.pieces[piece].stored);
  }
  std::map<uint32_t, size_t> index;
  std::vector<SliceGroup> groups;
  std::vector<std::set<uint32_t>> stored;
  for (const auto& [key, pieces] : sliced.slices) {
    const std::vector<uint32_t> all = AllPieces(pieces);
    if (pieces.a.empty() || pieces.b.empty()) continue;
    const uint32_t root = unions.Find(sliced.bound.pieces[all[0]].stored);
    const auto [at, is_new] = index.emplace(root, groups.size());
    if (is_new) {
      groups.emplace_back();
      stored.emplace_back();
    }
    groups[at->second].slices.push_back(key);
    for (const uint32_t piece : all) stored[at->second].insert(sliced.bound.pieces[piece].stored);
  }
  for (size_t g = 0; g < groups.size(); ++g)
    groups[g].stored.assign(stored[g].begin(), stored[g].end());
  return groups;
}

std::map<SliceKey, SourceRanks> OwnRanks(const AdapterSource& source,
                                         const std::vector<SliceGroup>* apart, FactorValues* values,
                                         std::vector<std::string>* notes) {
  std::map<SliceKey, SourceRanks> own;
  for (const auto& [slice, facts] : source.facts) own[slice] = {0, facts.rank};
  if (apart == nullptr) return own;
  std::map<SliceKey, int> part_of;  // by the first weight that the destination stores with it
  for (const SliceGroup& group : *apart) {
    int first = group.slices[0].weight;
    for (const SliceKey& slice : group.slices) first = std::min(first, slice.weight);
    for (const SliceKey& slice : group.slices) part_of[slice] = first;
  }
  const auto part = [&](const SliceKey& slice) {
    const auto found = part_of.find(slice);
    return found == part_of.end() ? slice.weight : found->second;
  };
  size_t found = 0;
  for (const SliceGroup& group : GroupSlices(source.sliced)) {
    std::map<int, std::vector<bool>> nonzero;  // per part, over all of the batch
    bool readable = true;
    std::set<int> parts;
    for (const SliceKey& slice : group.slices) parts.insert(part(slice));
    if (parts.size() < 2) continue;
    for (const SliceKey& slice : group.slices) {
      const std::vector<bool> ranks = values->NonZeroRanks(source.sliced.slices.at(slice).b);
      readable = readable && !ranks.empty();
      std::vector<bool>& all = nonzero[part(slice)];
      all.resize(std::max(all.size(), ranks.size()), false);
      for (size_t r = 0; r < ranks.size(); ++r) all[r] = all[r] || ranks[r];
    }
    if (!readable) continue;
    std::vector<std::vector<bool>> list;
    for (const auto& [first, ranks] : nonzero) list.push_back(ranks);
    const std::vector<SourceRanks> blocks = BlocksOf(list);
    if (blocks.empty()) continue;
    ++found;
    size_t p = 0;
    for (const auto& [first, ranks] : nonzero) {
      for (const SliceKey& slice : group.slices) {
        if (part(slice) == first) own[slice] = blocks[p];
      }
      ++p;
    }
  }
  if (found > 0)
    notes->push_back(fmt::format(
        "{} modules were block-diagonal with zeros off the diagonal: their parts have their own "
        "ranks again",
        found));
  return own;
}

void JoinRanks(const AdapterSource& source, const CheckedRules& rules,
               const std::map<SliceKey, SourceRanks>& own, const ConversionOptions& options,
               FactorValues* values, std::vector<SliceGroup>* groups,
               std::vector<std::string>* notes, Diagnostics* diagnostics) {
  Joiner joiner(source, rules, own, options, values, diagnostics);
  for (SliceGroup& group : *groups) {
    if (group.HasSource()) joiner.Group(&group);
  }
  joiner.Report(notes);
  if (!joiner.uneven().empty() && !options.allow_uniform_rank) {
    diagnostics
        ->Add(Code::kUniformRank, {},
              fmt::format("slices that are stored together have different ranks, for instance {}",
                          SliceName(rules, joiner.uneven()[0])))
        .help = "--allow uniform-rank fills the smaller ones with zeros";
  }
}

}  // namespace rr
