// A conversion as Python code, for one choice of sizes: every logical tensor is taken out of the
// keys of the first layout by slices, reshapes and transpositions, and put into those of the second
// by the same means.
//
// The code shows what the rules mean and is slow: whoever runs it holds the model in memory twice.
#ifndef RULE_RUNNER_RUN_EXPLAIN_CODE_H_
#define RULE_RUNNER_RUN_EXPLAIN_CODE_H_

#include <optional>
#include <string>

#include "base/diagnostic.h"
#include "bind/bind_source.h"
#include "plan/conversion.h"

namespace rr {

enum class CodeDialect { kNumpy, kTorch };

// `def convert(source)`, from a dict of arrays to another. RR501 where values are computed on the
// way, which the code does not say.
std::optional<std::string> CodeText(const BoundSource& source, const Conversion& conversion,
                                    CodeDialect dialect, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_EXPLAIN_CODE_H_
