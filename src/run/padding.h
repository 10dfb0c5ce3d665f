#ifndef RULE_RUNNER_RUN_PADDING_H_
#define RULE_RUNNER_RUN_PADDING_H_

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "io/tensor_io.h"
#include "plan/conversion.h"

namespace rr {

// Padding that a conversion cuts off is looked at first: elements that are not zero are counted for
// the report, and are an error (RR501) where the rules say `check: zero`. Real pads are not zero
// after training.
bool CheckPadding(const Conversion& conversion, const TensorReader& reader,
                  std::vector<std::string>* notes, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_PADDING_H_
