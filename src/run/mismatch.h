// The words of RR504, for both engines.
#ifndef RULE_RUNNER_RUN_MISMATCH_H_
#define RULE_RUNNER_RUN_MISMATCH_H_

#include <cstdint>
#include <string>

#include "base/diagnostic.h"

namespace rr {

// One stored element and its bits.
struct ElementValue {
  std::string key;
  int64_t element = 0;  // flat index
  uint64_t bits = 0;
};

// `bytes` is the size of an element of the destination. `kept` is the copy that was taken; its key
// is empty when no copy reaches the element, which is then zero.
void ReportCopiesDiffer(const ElementValue& kept, const ElementValue& other,
                        const std::string& destination_key, int64_t destination_element,
                        uint32_t bytes, Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_MISMATCH_H_
