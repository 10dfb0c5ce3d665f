// What lint looks for in a file of quantisation formats beyond its form.
#ifndef RULE_RUNNER_LINT_UNTESTED_FORMAT_H_
#define RULE_RUNNER_LINT_UNTESTED_FORMAT_H_

#include <vector>

#include "base/diagnostic.h"
#include "syntax/quant_format.h"
#include "syntax/quant_test.h"

namespace rr {

// RR903, RR904.
void FindUntestedFormats(const std::vector<QuantFormat>& formats,
                         const std::vector<QuantTest>& tests, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_LINT_UNTESTED_FORMAT_H_
