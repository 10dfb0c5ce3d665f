// The index of an axis that the captures of a key mean.
#ifndef RULE_RUNNER_BIND_CAPTURED_INDEX_H_
#define RULE_RUNNER_BIND_CAPTURED_INDEX_H_

#include <cstdint>
#include <optional>
#include <string>

#include "bind/key_table.h"
#include "bind/model.h"

namespace rr {

// By itself, or by all factors of an alternative of the layout's refinement. nullopt: the key does
// not show it, or a size that it takes is unknown.
std::optional<int64_t> CapturedIndex(const std::string& axis, const CheckedLayout& layout,
                                     const EntryMatch& match, const Model& model);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_CAPTURED_INDEX_H_
