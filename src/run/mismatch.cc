#include "run/mismatch.h"

#include <fmt/format.h>

namespace rr {

void ReportCopiesDiffer(const ElementValue& kept, const ElementValue& other,
                        const std::string& destination_key, int64_t destination_element,
                        uint32_t bytes, Diagnostics* diagnostics) {
  const auto words = [bytes](const ElementValue& value) {
    if (value.key.empty())
      return fmt::format("nothing is stored for it (0x{:0{}x})", value.bits, 2 * bytes);
    return fmt::format("`{}` has 0x{:0{}x} at element {}", value.key, value.bits, 2 * bytes,
                       value.element);
  };
  diagnostics
      ->Add(Code::kCopiesDiffer, Place{},
            fmt::format("element {} of `{}` has two values: {}, {}", destination_element,
                        destination_key, words(kept), words(other)))
      .help = "the destination stores them once: only a layout that stores each has place for both";
}

}  // namespace rr
