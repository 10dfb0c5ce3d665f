// What a conversion does not move because it is known: padding, and tensors that the destination
// does not store because they have one value there, its `default`. Whether they hold that value is
// looked at when it runs.
#ifndef RULE_RUNNER_PLAN_KNOWN_ELEMENTS_H_
#define RULE_RUNNER_PLAN_KNOWN_ELEMENTS_H_

#include <set>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/bind_source.h"
#include "plan/conversion.h"

namespace rr {

// Adds padding of source tensors that is cut off, with a note each.
void AddCutPads(const BoundSource& source, const KeyTable& table, Conversion* conversion);
// A note for every destination tensor that gets padding. Tensors that moved as a whole have none.
void NotePads(const BoundSource& source, const BoundLayout& destination,
              const std::vector<bool>& moved_whole, std::vector<std::string>* notes);

// Of the `lost` tensors (plan/left_out.h) those that the destination has a `default` for: adds
// where their elements are stored, with a note each. Errors: those of defaults and of value words.
std::set<int> AddKnownTensors(const BoundSource& source, const KeyTable& table,
                              const std::vector<int>& lost, bool required, Conversion* conversion,
                              Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_KNOWN_ELEMENTS_H_
