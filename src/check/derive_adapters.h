// Adapters are derived, not written again: from a family's weights and the adapter styles to the
// rules of the family's adapters.
//
// Enters: checked weights and styles. Leaves: a rule file whose tensors are the factors of the
// weights (`gate.A`: batch axes, rank, input; `gate.B`: batch axes, output, rank; `gate.m`, the
// DoRA magnitude, and `gate.bias`: batch axes, output; `gate` itself where it is saved as a whole)
// and whose layouts are styles applied to base layouts. It is checked, proved, bound and explained
// like any other.
#ifndef RULE_RUNNER_CHECK_DERIVE_ADAPTERS_H_
#define RULE_RUNNER_CHECK_DERIVE_ADAPTERS_H_

#include <functional>
#include <memory>
#include <vector>

#include "base/diagnostic.h"
#include "check/checked_rules.h"
#include "syntax/adapter_style.h"
#include "syntax/regex.h"

namespace rr {

using StylePtr = std::shared_ptr<const AdapterStyle>;

// A style exists for a family that has one of its base layouts. RR213: the family uses the rank's
// name for an axis, or a factor's dimensions are neither input nor output.
RuleFile DeriveAdapters(const CheckedRules& weights, const std::vector<StylePtr>& styles,
                        Diagnostics* diagnostics);

// What of the adapters is wanted; all of it where nothing is said. Rules of a part are not
// complete: they are matched and bound, never proved.
struct WantedAdapters {
  std::function<bool(const CheckedLayout&, const EntryRule&)> weight;
  std::function<bool(const KeyTemplate&)> key;
};
// `matches` knows what was asked of other families' keys: most have the same.
RuleFile DeriveAdapters(const CheckedRules& weights, const std::vector<StylePtr>& styles,
                        const WantedAdapters& wanted, RegexMemo* matches, Diagnostics* diagnostics);

// The suffix of a factor's name: ".A"; empty for the weight itself.
std::string SuffixOf(Factor factor);

}  // namespace rr

#endif  // RULE_RUNNER_CHECK_DERIVE_ADAPTERS_H_
