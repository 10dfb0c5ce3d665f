// The weight of a module that is adapted as well, as PEFT saves embeddings and heads: it lies
// within the wrapper, `embed_tokens.base_layer.weight`. Under the module's own name PEFT passes it
// over.
#ifndef RULE_RUNNER_PLAN_ADAPTER_WRAPPED_H_
#define RULE_RUNNER_PLAN_ADAPTER_WRAPPED_H_

#include <cstdint>
#include <set>
#include <string>

#include "bind/bound_layout.h"

namespace rr {

// Whole weights of modules that have factors, by index of the tensor.
std::set<uint32_t> WrappedWeights(const BoundLayout& bound);
// Gives such weights their keys in an adapter of PEFT's form, and returns these keys.
std::set<std::string> NameWrapped(BoundLayout* bound);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_ADAPTER_WRAPPED_H_
