// The long form: `shape` and `ops`, read from the stored tensor to the logical ones, lowered to the
// same axis expression that the short form writes, so that every check and every optimisation holds
// for both.
#ifndef RULE_RUNNER_SYNTAX_OPS_H_
#define RULE_RUNNER_SYNTAX_OPS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "syntax/axis_expression.h"
#include "syntax/rule_file.h"

namespace rr {

struct LoweredOps {
  AxisExpr expr;
  // Per logical tensor (empty name: the entry's only one) the names of its dims in the order the
  // ops end with: must be the order of the tensor's axes.
  std::vector<std::pair<std::string, std::vector<std::string>>> results;
};

// nullopt after RR208 (or RR301 for a dim that is no formula).
std::optional<LoweredOps> LowerOps(const std::vector<SpannedText>& shape,
                                   const std::vector<OpRule>& ops, const Place& place,
                                   Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_SYNTAX_OPS_H_
