// `default`: a value for tensors that the source's layout does not store.
#ifndef RULE_RUNNER_PLAN_DEFAULTS_H_
#define RULE_RUNNER_PLAN_DEFAULTS_H_

#include <map>

#include "base/diagnostic.h"
#include "bind/bind_source.h"

namespace rr {

// Per logical tensor that the source lacks and its layout gives a value for. RR210 for a default
// that is no number.
std::map<int, double> DefaultValues(const BoundSource& source, Diagnostics* diagnostics);
// The floating-point dtype that most tensors have; F32 when there is none.
Dtype MostCommonFloat(const KeyTable& table);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_DEFAULTS_H_
