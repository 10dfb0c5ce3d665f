// Finds the quantised weights of a checkpoint.
//
// Enters: the keys as they are stored. Leaves: the keys as the rules of a family know them. The
// codes of a weight take its name and shape, its scales and the like become parts of it, and from
// there on everything treats it as one tensor.
#ifndef RULE_RUNNER_BIND_QUANTIZED_H_
#define RULE_RUNNER_BIND_QUANTIZED_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/diagnostic.h"
#include "bind/config.h"
#include "bind/key_table.h"
#include "bind/quantized_weight.h"

namespace rr {

// What the reader of such a weight gives.
enum class QuantizedAs {
  kCodes,   // its codes
  kValues,  // its values, as F32; they are stored in the format's dtype, or in that of most others
  kExact,   // the same, and stored as F32
};

// What the config says of quantisation, wherever it says so.
Config QuantizationConfig(const Config& config);
// Whether all marks of the format hold; it needs some.
bool IsAnnounced(const QuantFormat& format, const Config& quantization_config);
// The sizes of its blocks, 0 for all; nullopt where the config has no whole number for one.
std::optional<std::array<int64_t, 2>> BlockOf(const QuantFormat& format,
                                              const Config& quantization_config);

// The table of a checkpoint's keys. A format that the config announces comes before the others;
// dtypes and shapes, where they are known, must be those of the format. RR403 where only the shape
// of the scales is wrong.
KeyTable MakeQuantizedKeyTable(std::vector<FoundKey> keys,
                               const std::vector<QuantFormatPtr>& formats, const Config& config,
                               QuantizedAs as, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_BIND_QUANTIZED_H_
