// How strong a layout is: as strong as its weakest word.
#ifndef RULE_RUNNER_CHECK_STRENGTH_H_
#define RULE_RUNNER_CHECK_STRENGTH_H_

#include <string>
#include <vector>

#include "check/checked_rules.h"

namespace rr {

enum class Strength {
  kBijection,  // every conversion comes back bit for bit
  kInjective,  // pad, replicate, tied, copies: something is stored more than once, and checked
  kRounding,   // cast, add, multiply: comes back to rounding
  kOneWay,     // times, default, drop, partial: something is left out or made up
};

struct LayoutStrength {
  Strength strength = Strength::kBijection;
  std::vector<std::string> words;  // the words that make it weaker, each once
};

LayoutStrength StrengthOf(const CheckedLayout& layout);
// "bijection", "rounding (multiply, pad)"
std::string ToString(const LayoutStrength& strength);

}  // namespace rr

#endif  // RULE_RUNNER_CHECK_STRENGTH_H_
