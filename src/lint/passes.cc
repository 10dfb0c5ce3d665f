#include "lint/passes.h"

namespace rr {

void RunPasses(const LintContext& context, Diagnostics* diagnostics) {
  for (const auto& pass :
       {FindUnusedPrefixes, FindStoredKeysPassedOver, FindMissingReasons,
        FindIndistinguishableLayouts, FindUnreachableLayouts, FindUnusedAxes, FindUnusedKinds,
        FindUnknownAttributes, FindVersionGaps, FindImpossibleDivisions, FindUnreachableKinds,
        FindUnknownModelTypes, FindImpossibleSizes, FindElementWiseCopies, FindBadTests,
        FindMissingTests, FindUntestedParts, FindEqualTestSizes, FindBlindTests})
    pass(context, diagnostics);
}

void RunFilePasses(const YamlNode& tree, Diagnostics* diagnostics) {
  for (const auto& pass : {FindDuplicateItems, FindWrongFamilyName}) pass(tree, diagnostics);
}

}  // namespace rr
