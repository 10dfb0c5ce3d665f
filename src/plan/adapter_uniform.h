// Groups of slices that must have one rank, one scale or one alpha: ranks are filled with zeros,
// which is exact, and scales are folded into B.
#ifndef RULE_RUNNER_PLAN_ADAPTER_UNIFORM_H_
#define RULE_RUNNER_PLAN_ADAPTER_UNIFORM_H_

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "plan/adapter_conversion.h"
#include "plan/adapter_groups.h"

namespace rr {

// A destination with one rank, or one scale, for everything. RR512 where they differ and that is
// not allowed. True when ranks and scales are those of the style's `scaled rank`: then they stay.
bool MakeUniform(const Model& model, const CheckedLayout& layout, const LoaderNeeds& needs,
                 const ConversionOptions& options, std::vector<SliceGroup>* groups,
                 std::vector<std::string>* notes, Diagnostics* diagnostics);

// Parts of one weight that are stored apart (gate and up as w1 and w3) have one name, and so one
// alpha.
void AlignParts(const SlicedLayout& structure, const CheckedLayout& layout,
                const LayoutChoice& choice, std::vector<SliceGroup>* groups,
                std::vector<std::string>* notes);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_ADAPTER_UNIFORM_H_
