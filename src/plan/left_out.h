// What a conversion does not carry over: tensors that the destination has no place for, copies,
// keys that are ignored. All of it is in the report; some of it must be allowed.
#ifndef RULE_RUNNER_PLAN_LEFT_OUT_H_
#define RULE_RUNNER_PLAN_LEFT_OUT_H_

#include <set>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/bind_source.h"
#include "plan/conversion.h"
#include "plan/graph.h"

namespace rr {

// Logical tensors that the source stores and the destination's layout does not.
std::vector<int> LostTensors(const BoundSource& source, const BoundLayout& destination);
// "mtp.eh (MaxText maps no MTP layers)": a tensor with the layout's reason for not storing it.
std::string LostText(const BoundSource& source, const BoundLayout& destination, int tensor);
// Source keys of which something is stored in no edge, although the destination's layout stores
// their tensors: layers that it has no place for. `moved_whole` are indices of source tensors that
// need no look.
std::vector<std::string> UnreadKeys(const BoundSource& source, const KeyTable& table,
                                    const Graph& graph, const std::vector<int>& lost,
                                    const std::set<uint32_t>& moved_whole);

// Source keys that are read and not written: tied copies, `drop` and `ignore`, with the rule's
// reason.
std::vector<std::string> DroppedKeys(const BoundSource& source, const KeyTable& table,
                                     Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_LEFT_OUT_H_
