// The tests of a file of quantisation formats: what announces a format, which keys stand for a
// weight, and what values codes and scales give.
#ifndef RULE_RUNNER_RUN_QUANT_TESTS_H_
#define RULE_RUNNER_RUN_QUANT_TESTS_H_

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/quantized_weight.h"
#include "bind/rule_library.h"
#include "io/files.h"
#include "syntax/quant_test.h"

namespace rr {

// All tests of a file. What is malformed in it is reported as well.
size_t RunQuantFile(const Files& files, const std::string& path, RuleLibrary* library,
                    Diagnostics* diagnostics);

// RR901 for what is otherwise than a test says, RR902 for a test of a format that is not there.
// `formats` are all that there are. Returns the number of things that were checked.
size_t RunQuantTests(const std::vector<QuantTest>& tests,
                     const std::vector<QuantFormatPtr>& formats, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_QUANT_TESTS_H_
