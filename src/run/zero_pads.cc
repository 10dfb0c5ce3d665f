#include "run/zero_pads.h"

#include <cstring>
#include <optional>

#include "bind/bound_layout.h"

namespace rr {

void ZeroPads(const CheckedLayout& layout, const Model& model, const KeyTable& table,
              std::vector<std::vector<std::byte>>* tensors) {
  Diagnostics ignored;
  const std::optional<BoundLayout> bound =
      Instantiate(model, layout, DefaultChoice(layout), {}, &ignored);
  if (!bound) return;
  for (const BoundTensor& tensor : bound->tensors) {
    const CheckedEntry& entry = layout.entries[static_cast<size_t>(tensor.entry)];
    if (!entry.rule->pad || table.by_name.count(tensor.key) == 0) continue;
    const auto dim = static_cast<size_t>(entry.rule->pad->dim);
    const int64_t kept = entry.shape[dim]
                             .Evaluate([&](const std::string& a) { return model.SizeOf(a); })
                             .value_or(0);
    std::vector<std::byte>& bytes = (*tensors)[table.by_name.at(tensor.key)];
    int64_t inner = 4, outer = 1;
    for (size_t d = dim + 1; d < tensor.shape.size(); ++d) inner *= tensor.shape[d];
    for (size_t d = 0; d < dim; ++d) outer *= tensor.shape[d];
    for (int64_t o = 0; o < outer; ++o) {
      std::memset(bytes.data() + (o * tensor.shape[dim] + kept) * inner, 0,
                  static_cast<size_t>((tensor.shape[dim] - kept) * inner));
    }
  }
}

}  // namespace rr
