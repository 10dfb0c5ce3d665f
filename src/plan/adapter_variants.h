// Which of a style's alternatives an adapter is written in.
#ifndef RULE_RUNNER_PLAN_ADAPTER_VARIANTS_H_
#define RULE_RUNNER_PLAN_ADAPTER_VARIANTS_H_

#include "bind/adapter_source.h"
#include "plan/conversion.h"
#include "plan/factor_values.h"

namespace rr {

// Per block the first alternative that stores all that the source has and nothing that it lacks,
// and stores once only what is equal; else the first that stores all and the least besides; else
// the one that stores the most.
void ChooseAdapterVariants(const AdapterSource& adapter, const Model& model,
                           const CheckedLayout& layout, const ConversionOptions& options,
                           FactorValues* values, LayoutChoice* choice);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_ADAPTER_VARIANTS_H_
