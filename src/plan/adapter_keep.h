// What of a destination is written: magnitudes, biases and saved weights only where the source has
// them, and of all only what --only keeps.
#ifndef RULE_RUNNER_PLAN_ADAPTER_KEEP_H_
#define RULE_RUNNER_PLAN_ADAPTER_KEEP_H_

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "bind/adapter_source.h"
#include "bind/bind_source.h"

namespace rr {

// Takes those that are not kept out of `bound`.
void KeepTensors(const std::vector<bool>& keep, BoundLayout* bound);

// Takes the other tensors out of `bound`. False after an error in the regex `only` (empty: all).
bool KeepWhatIsThere(const BoundSource& source, const AdapterSource& adapter,
                     const std::string& only, BoundLayout* bound, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_ADAPTER_KEEP_H_
