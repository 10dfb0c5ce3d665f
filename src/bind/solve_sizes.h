#ifndef RULE_RUNNER_BIND_SOLVE_SIZES_H_
#define RULE_RUNNER_BIND_SOLVE_SIZES_H_

#include "bind/key_table.h"
#include "bind/model.h"

namespace rr {

// Sizes from what was found: a captured axis is as long as its largest index says; an extent that
// is linear in its only unknown axis gives that axis, and so do two products that differ by it.
// Repeated until nothing new is found; only then defaults of the config count, and after them sizes
// of which only the product is known stand in for the true ones (Model::IsStandIn). Sizes that the
// config decides are left alone: shapes are compared with them later.
void SolveSizes(const CheckedLayout& layout, const LayoutMatch& match, const KeyTable& table,
                Model* model);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_SOLVE_SIZES_H_
