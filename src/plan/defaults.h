// `default`: a value for tensors that the source's layout does not store, a size that nothing says.
#ifndef RULE_RUNNER_PLAN_DEFAULTS_H_
#define RULE_RUNNER_PLAN_DEFAULTS_H_

#include <map>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/bind_source.h"

namespace rr {

// Whether all that the table says of a block is values.
bool HasOnlyDefaults(const TableRule& table);
// Per logical tensor that is not stored and that its layout gives a value for. RR210 for a default
// that is no number.
std::map<int, double> DefaultValues(const Model& model, const BoundLayout& bound,
                                    Diagnostics* diagnostics);
// For the report: the sizes that the tensors of the two layouts are made of, or that these follow
// from, where an axis's `default` decides. "K = 16 (16 by default)".
std::vector<std::string> SizesByDefault(const Model& model, const BoundLayout& from,
                                        const BoundLayout& to);
// The floating-point dtype that most tensors have; F32 when there is none.
Dtype MostCommonFloat(const KeyTable& table);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_DEFAULTS_H_
