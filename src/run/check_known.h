#ifndef RULE_RUNNER_RUN_CHECK_KNOWN_H_
#define RULE_RUNNER_RUN_CHECK_KNOWN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "io/tensor_io.h"
#include "plan/conversion.h"

namespace rr {

// An element that is as it is known, of `size` bytes.
std::vector<std::byte> StoredValue(const KnownElements& known, size_t size);

// How many of the elements are something else.
uint64_t CountOthers(const KnownElements& known, Dtype dtype, const TensorReader& reader);

// What a conversion leaves out because it is known is looked at first. Elements that are something
// else are counted for the report, or are an error: RR501 for padding with `check: zero` (real pads
// are not zero after training), RR502 for a tensor that the destination has a `default` for.
bool CheckKnown(const Conversion& conversion, const TensorReader& reader,
                std::vector<std::string>* notes, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_CHECK_KNOWN_H_
