// What the shapes found say about the factors of an adapter: the rank of each, and which of several
// forms of a block they are in.
#ifndef RULE_RUNNER_BIND_RANKS_H_
#define RULE_RUNNER_BIND_RANKS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/diagnostic.h"
#include "bind/key_table.h"
#include "bind/model.h"

namespace rr {

// The rank that a shape gives a factor; nullopt when a size is unknown or it does not divide.
std::optional<int64_t> RankOfShape(const CheckedEntry& entry, const std::vector<int64_t>& shape,
                                   const Model& model);

// By key. A shape that holds no whole rank is RR403.
std::map<std::string, int64_t> SolveRanks(const CheckedLayout& layout, const LayoutMatch& match,
                                          const KeyTable& table, const Model& model,
                                          Diagnostics* diagnostics);

// Of the alternatives of `one of` that know as many keys, the first that the fewest shapes
// contradict.
void ChooseVariantsByShape(const CheckedLayout& layout, const KeyTable& table, const Model& model,
                           LayoutMatch* match);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_RANKS_H_
