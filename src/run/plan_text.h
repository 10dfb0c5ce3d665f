// A prepared conversion for people and programs: what `rule-runner plan` prints.
#ifndef RULE_RUNNER_RUN_PLAN_TEXT_H_
#define RULE_RUNNER_RUN_PLAN_TEXT_H_

#include <string>

#include "plan/graph.h"
#include "plan/plan.h"
#include "run/convert.h"

namespace rr {

// The report, then one line per step: destination region <- reads.
std::string PlanText(const PreparedConversion& prepared);
std::string PlanJson(const PreparedConversion& prepared);
// Graphviz: tensors as boxes, one arrow per pair that shares elements.
std::string GraphDot(const Graph& graph);
// One step: its destination region and its reads.
std::string StepText(const Plan& plan, const Step& step);
// "12 -> 40  4x(+6 -> +1)": for `explain --stage graph`.
std::string CopyText(const StridedCopy& copy);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_PLAN_TEXT_H_
