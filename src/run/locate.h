// Where one element of a logical tensor lies in a layout: as numbers, and as a formula.
#ifndef RULE_RUNNER_RUN_LOCATE_H_
#define RULE_RUNNER_RUN_LOCATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/bound_layout.h"
#include "bind/model.h"
#include "check/checked_rules.h"

namespace rr {

struct Located {
  std::string key;  // empty: the layout does not store it
  std::vector<int64_t> position;
  int entry = -1;  // index into CheckedLayout::entries
};

// Where the layout writes it: under the first prefixes, in the first alternatives. Findings are
// those of Instantiate; then the result is empty as well.
Located Locate(const Model& model, const CheckedLayout& layout, int tensor,
               const std::vector<int64_t>& indices, Diagnostics* diagnostics);
// Wherever it may have it: under any prefixes, in any alternative of the tensor's block, in every
// copy. Each place once, what Locate says first.
std::vector<Located> LocateAll(const Model& model, const CheckedLayout& layout, int tensor,
                               const std::vector<int64_t>& indices, Diagnostics* diagnostics);

// Options for the layouts of a model: the rank of adapters is the size of `R`.
InstantiateOptions OptionsOf(const Model& model);

// "gate_up [7, 5]", or "nowhere".
std::string PlaceText(const std::string& key, const std::vector<int64_t>& position);

// "up[l, i, h] is at layers.{L}.gate_up [I + i, h]": an index is written as its axis in small
// letters, a size as the axis itself. One line for every leaf of the tensor in the entry; empty
// when it has none.
std::vector<std::string> IndexFormulas(const CheckedRules& rules, const CheckedEntry& entry,
                                       int tensor);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_LOCATE_H_
