// The keys of a checkpoint that is quantised as its config says.
#ifndef RULE_RUNNER_BIND_ANNOUNCED_H_
#define RULE_RUNNER_BIND_ANNOUNCED_H_

#include <vector>

#include "bind/config.h"
#include "bind/key_table.h"
#include "bind/quantized_weight.h"

namespace rr {

// Plain weights become codes, scales and other parts where a format that `quantization_config`
// announces usually has them so (`QuantFormat::usual`), and `modules_to_not_convert` or `ignore` do
// not leave them out. Other keys stay.
std::vector<FoundKey> AsAnnounced(std::vector<FoundKey> keys,
                                  const std::vector<QuantFormatPtr>& formats, const Config& config);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_ANNOUNCED_H_
