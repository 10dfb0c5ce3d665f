// The first element that is not what it was, for people: where it is, what it is, and where the
// other layout has it.
#ifndef RULE_RUNNER_RUN_FOLLOW_ELEMENT_H_
#define RULE_RUNNER_RUN_FOLLOW_ELEMENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bind/bind_source.h"
#include "bind/key_table.h"
#include "check/checked_rules.h"
#include "plan/conversion.h"

namespace rr {

// An element of two F32 tensors of one size; -1 where the sizes differ.
struct WrongElement {
  int64_t element = 0;  // flat index
  float expected = 0, found = 0;
};

// The first element that differs: in its bits, or by more than `tolerance` relative to what is
// expected where value words round.
std::optional<WrongElement> FirstWrong(const std::vector<std::byte>& expected,
                                       const std::vector<std::byte>& found, float tolerance);

// "up.weight comes back with another value at [7, 5]: 3 was -1"
std::string DoesNotComeBack(const FoundKey& key, const WrongElement& wrong);

// Where an element of the source's tensor `key` goes, and the index formulas of both layouts.
std::vector<std::string> FollowElement(const CheckedRules& rules, const BoundSource& source,
                                       const Conversion& conversion, uint32_t key, int64_t element);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_FOLLOW_ELEMENT_H_
