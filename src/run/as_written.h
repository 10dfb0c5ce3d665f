// Made-up checkpoints as real writers leave them: zeros where a layout pads, equal elements where
// it stores copies.
#ifndef RULE_RUNNER_RUN_AS_WRITTEN_H_
#define RULE_RUNNER_RUN_AS_WRITTEN_H_

#include <cstddef>
#include <vector>

#include "bind/key_table.h"
#include "bind/model.h"
#include "check/checked_rules.h"

namespace rr {

// `tensors` holds, by the index in the table, elements of four bytes.
void MakeAsWritten(const CheckedLayout& layout, const Model& model, const KeyTable& table,
                   std::vector<std::vector<std::byte>>* tensors);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_AS_WRITTEN_H_
