#include "run/product_reader.h"

#include "plan/box.h"
#include "run/box_rows.h"
#include "run/kernel_value.h"

namespace rr {
namespace {

double FactorAt(Dtype dtype, const std::byte* at) {
  double value = 0;
  ConvertRow({dtype, Dtype::kF64, {}}, 1, at, 1, reinterpret_cast<std::byte*>(&value), 1);
  return value;
}

// `copy` goes from the factor to the elements at `data`.
void MultiplyBox(const Product& product, const StridedCopy& copy, const std::byte* factor,
                 std::byte* data) {
  const bool wide = product.dtype == Dtype::kF64 || product.factor_dtype == Dtype::kF64;
  const int64_t size = BitsOf(product.dtype) / 8, factor_size = BitsOf(product.factor_dtype) / 8;
  ValueOp op{product.dtype, product.dtype, {{}}};
  op.steps[0].kind = ValueStep::Kind::kMultiply;
  op.steps[0].compute = wide ? Dtype::kF64 : Dtype::kF32;
  ForEachRow(copy, [&](const Row& row) {
    const bool same = row.src_stride == 0;  // one factor for all of the row
    for (int64_t i = 0; i < (same ? 1 : row.n); ++i) {
      op.steps[0].operand =
          FactorAt(product.factor_dtype, factor + (row.src + i * row.src_stride) * factor_size);
      std::byte* at = data + (row.dst + i * row.dst_stride) * size;
      ConvertRow(op, same ? row.n : 1, at, row.dst_stride, at, row.dst_stride);
    }
  });
}

}  // namespace

ProductReader::ProductReader(const Plan& plan, const TensorReader& inner) : inner_(inner) {
  for (const Product& product : plan.products) {
    by_source_[product.source].push_back(&product);
    const auto [factor, is_new] = factors_.try_emplace(product.factor);
    if (!is_new) continue;
    const PlanTensor& tensor = plan.sources[product.factor];
    factor->second.resize(static_cast<size_t>(tensor.count) * tensor.unit);
    inner.Read(product.factor, 0, factor->second);
  }
}

void ProductReader::Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const {
  inner_.Read(index, offset, out);
  const auto products = by_source_.find(index);
  if (products == by_source_.end()) return;
  for (const Product* product : products->second) {
    const int64_t size = BitsOf(product->dtype) / 8;
    const int64_t first = static_cast<int64_t>(offset) / size;
    const int64_t count = static_cast<int64_t>(out.size()) / size;
    StridedCopy copy = product->copy;
    SortDims(&copy);
    std::vector<StridedCopy> parts;
    ClipDestination(copy, {first, first + count}, &parts);
    for (StridedCopy& part : parts) {
      part.dst_start -= first;
      MultiplyBox(*product, part, factors_.at(product->factor).data(), out.data());
    }
  }
}

}  // namespace rr
