#include "run/check_known.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "run/box_rows.h"
#include "run/kernel_value.h"

namespace rr {
std::vector<std::byte> StoredValue(const KnownElements& known, size_t size) {
  std::vector<std::byte> bytes(size, std::byte{0});
  if (known.op)
    ConvertRow(*known.op, 1, reinterpret_cast<const std::byte*>(&known.value), 1, bytes.data(), 1);
  return bytes;
}

uint64_t CountOthers(const KnownElements& known, Dtype dtype, const TensorReader& reader) {
  const auto size = static_cast<size_t>(BitsOf(dtype)) / 8;
  constexpr int64_t kBlock = 1 << 20;
  const std::vector<std::byte> expected = StoredValue(known, size);
  std::vector<std::byte> block;
  uint64_t others = 0;
  ForEachRow(known.box, [&](const Row& row) {
    const int64_t stride = row.n > 1 ? row.src_stride : 1;
    const int64_t at_once = std::max<int64_t>(1, kBlock / (stride * static_cast<int64_t>(size)));
    for (int64_t i = 0; i < row.n; i += at_once) {
      const int64_t n = std::min(at_once, row.n - i);
      block.resize(static_cast<size_t>((n - 1) * stride + 1) * size);
      reader.Read(known.source, static_cast<uint64_t>(row.src + i * stride) * size, block);
      for (int64_t k = 0; k < n; ++k)
        others += std::memcmp(block.data() + static_cast<size_t>(k * stride) * size,
                              expected.data(), size) != 0;
    }
  });
  return others;
}

bool CheckKnown(const Conversion& conversion, const TensorReader& reader,
                std::vector<std::string>* notes, Diagnostics* diagnostics) {
  bool good = true;
  for (const KnownElements& known : conversion.known) {
    const GraphTensor& tensor = conversion.graph.sources[known.source];
    const uint64_t others = CountOthers(known, tensor.dtype, reader);
    if (others == 0) continue;
    const std::string text = fmt::format("{} has {} elements in {} that are not {}", tensor.key,
                                         WithCommas(others), known.what, known.value);
    if (!known.required) {
      notes->push_back(text);
      continue;
    }
    good = false;
    if (known.op) {
      diagnostics->Add(Code::kPartialConversion, {}, text).help = "--allow partial leaves them out";
    } else {
      diagnostics->Add(Code::kLossyConversion, {}, text);
    }
  }
  return good;
}

}  // namespace rr
