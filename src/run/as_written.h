// Made-up checkpoints as real writers leave them: equal elements where a layout stores copies, and
// what is known where another layout does not store it: zeros of padding, values of a `default`.
#ifndef RULE_RUNNER_RUN_AS_WRITTEN_H_
#define RULE_RUNNER_RUN_AS_WRITTEN_H_

#include <cstddef>
#include <vector>

#include "bind/key_table.h"
#include "bind/model.h"
#include "check/checked_rules.h"
#include "plan/conversion.h"

namespace rr {

// `tensors` holds, by the index in the table, elements of four bytes.
void MakeCopiesEqual(const CheckedLayout& layout, const Model& model, const KeyTable& table,
                     std::vector<std::vector<std::byte>>* tensors);
// `tensors` are the sources of the conversion.
void WriteKnown(const Conversion& conversion, std::vector<std::vector<std::byte>>* tensors);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_AS_WRITTEN_H_
