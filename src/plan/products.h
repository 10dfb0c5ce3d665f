// `times`: which elements of the source are multiplied by which, before anything else is done with
// them.
#ifndef RULE_RUNNER_PLAN_PRODUCTS_H_
#define RULE_RUNNER_PLAN_PRODUCTS_H_

#include <set>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/bind_source.h"
#include "bind/key_table.h"
#include "plan/conversion.h"
#include "plan/graph.h"

namespace rr {

// Fills graph->products, whose sources are the keys of the table, and returns the tensors that are
// factors: the destination holds them in products. Where the source's layout stores the same
// product there is nothing to do, and where a factor is 1 by default neither. Errors: RR402 (the
// factor, or a part of it, is not there), RR404 (a size is not known), RR510 (no numbers), RR506
// (one element stands for several that have different factors).
std::set<int> AddProducts(const BoundSource& source, const KeyTable& table,
                          const BoundLayout& destination, Graph* graph, Diagnostics* diagnostics);

// For the report: what is multiplied, which does not come back.
std::vector<std::string> ProductsText(const CheckedRules& rules, const Conversion& conversion);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_PRODUCTS_H_
