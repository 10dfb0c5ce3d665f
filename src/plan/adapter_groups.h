// Which slices of an adapter a layout stores together, and how they share ranks there.
//
// Stored tensors that hold factors of one slice belong together; so do slices that share a stored
// tensor. Such a group has one rank and one scale. Its parts (gate and up; q, k and v) have one A
// where their A are equal; otherwise the ranks of A are stacked and B is block-diagonal, which is
// exact and makes the rank larger.
#ifndef RULE_RUNNER_PLAN_ADAPTER_GROUPS_H_
#define RULE_RUNNER_PLAN_ADAPTER_GROUPS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/adapter_source.h"
#include "bind/slices.h"
#include "plan/conversion.h"
#include "plan/factor_values.h"

namespace rr {

// What the source gives for one slice: ranks [first, first + rank) of its factors.
struct SourceRanks {
  int64_t first = 0;
  int64_t rank = 0;
};

struct SliceGroup {
  std::vector<uint32_t> stored;   // the tensors that hold it
  std::vector<SliceKey> slices;   // all that it has place for
  std::vector<SliceKey> missing;  // of these, what the source does not have
  std::map<int, int64_t> first;   // per weight that is there: where its ranks begin
  int64_t rank = 0;
  std::optional<double> scale;  // of the whole group
  std::optional<double> alpha;
  bool HasSource() const { return missing.size() < slices.size(); }
};

// The groups of a layout, whatever the ranks are.
std::vector<SliceGroup> GroupSlices(const SlicedLayout& sliced);

// Block-diagonal factors with zeros off the diagonal have the ranks that each part had before they
// were joined. Only where it is exact: the parts' non-zero ranks are consecutive blocks that make
// up all ranks. A part is what `apart`, the groups of the destination, stores together: queries and
// their gates are one. Without it (nullptr) blocks are not looked for. What is found is noted.
std::map<SliceKey, SourceRanks> OwnRanks(const AdapterSource& source,
                                         const std::vector<SliceGroup>* apart, FactorValues* values,
                                         std::vector<std::string>* notes);

// Gives every group that the source has something for its rank and scale. RR511 for A that differ
// where they must be shared, RR512 for ranks and scales that differ where one is stored.
void JoinRanks(const AdapterSource& source, const CheckedRules& rules,
               const std::map<SliceKey, SourceRanks>& own, const ConversionOptions& options,
               FactorValues* values, std::vector<SliceGroup>* groups,
               std::vector<std::string>* notes, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_ADAPTER_GROUPS_H_
