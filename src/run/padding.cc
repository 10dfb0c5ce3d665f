#include "run/padding.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace rr {

bool CheckPadding(const Conversion& conversion, const TensorReader& reader,
                  std::vector<std::string>* notes, Diagnostics* diagnostics) {
  constexpr uint64_t kBlock = 1 << 20;
  bool good = true;
  std::vector<std::byte> block;
  for (const CutPad& cut : conversion.cut_pads) {
    const GraphTensor& tensor = conversion.graph.sources[cut.source];
    const auto dim = static_cast<size_t>(cut.dim);
    const auto size = static_cast<uint64_t>(BitsOf(tensor.dtype)) / 8;
    uint64_t outer = 1, inner = size;
    for (size_t d = 0; d < dim; ++d) outer *= static_cast<uint64_t>(tensor.shape[d]);
    for (size_t d = dim + 1; d < tensor.shape.size(); ++d)
      inner *= static_cast<uint64_t>(tensor.shape[d]);
    const auto stored = static_cast<uint64_t>(tensor.shape[dim]);
    uint64_t not_zero = 0;
    for (uint64_t o = 0; o < outer; ++o) {
      const uint64_t end = (o + 1) * stored * inner;
      for (uint64_t at = (o * stored + static_cast<uint64_t>(cut.kept)) * inner; at < end;) {
        block.resize(std::min(kBlock / size * size, end - at));
        reader.Read(cut.source, at, block);
        for (size_t i = 0; i < block.size(); i += size) {
          const auto element = block.begin() + static_cast<ptrdiff_t>(i);
          not_zero += std::any_of(element, element + static_cast<ptrdiff_t>(size),
                                  [](std::byte b) { return b != std::byte{0}; });
        }
        at += block.size();
      }
    }
    if (not_zero == 0) continue;
    if (cut.must_be_zero) {
      diagnostics->Add(Code::kLossyConversion, {},
                       fmt::format("{} has {} elements in its padding that are not zero",
                                   tensor.key, WithCommas(not_zero)));
      good = false;
    } else {
      notes->push_back(fmt::format("{}: {} elements of the padding were not zero", tensor.key,
                                   WithCommas(not_zero)));
    }
  }
  return good;
}

}  // namespace rr
