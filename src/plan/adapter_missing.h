// What an adapter lacks beside what it has: parts of a module (k of q, k and v), layers of a stack,
// experts of a layer.
//
// Zero factors say that a weight does not change, so they can stand for what lacks. No magnitude
// says so: it would be the length of the base's weight, which no adapter knows.
#ifndef RULE_RUNNER_PLAN_ADAPTER_MISSING_H_
#define RULE_RUNNER_PLAN_ADAPTER_MISSING_H_

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/adapter_source.h"
#include "bind/bind_source.h"
#include "bind/slices.h"
#include "plan/adapter_groups.h"

namespace rr {

// Whether all that `groups` of the destination store together is there or may be zero; what is
// taken as zero is counted in `defaulted`. RR402 otherwise.
bool CheckMissing(const AdapterSource& adapter, const CheckedRules& rules,
                  const SlicedLayout& destination, const std::vector<SliceGroup>& groups,
                  bool fill_zero, std::vector<std::string>* defaulted, Diagnostics* diagnostics);

// What an adapter says nothing of, of weights of which it says something: in words for the report
// of a merge, where it stays as the base has it. An expert counts where another of its layer is
// there.
void NoteUnchanged(const BoundSource& source, const AdapterSource& adapter,
                   const std::vector<SliceGroup>& groups, const BoundLayout& destination,
                   std::vector<std::string>* notes);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_ADAPTER_MISSING_H_
