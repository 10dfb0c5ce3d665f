// Values are changed a chunk at a time: load all, one loop per step, store all, so that every loop
// is simple enough for the compiler's vectors. The chunk holds floats when that loses nothing, else
// doubles.
#include "run/kernel_value.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <type_traits>

#include "run/box_rows.h"
#include "run/float_bits.h"

namespace rr {
namespace {

constexpr int64_t kChunk = 256;

template <class Bits>
Bits Load(const std::byte* from) {
  Bits bits;
  std::memcpy(&bits, from, sizeof bits);
  return bits;
}

template <class Bits>
void Store(std::byte* to, Bits bits) {
  std::memcpy(to, &bits, sizeof bits);
}

template <class Work>
void LoadAll(Dtype dtype, int64_t n, const std::byte* src, int64_t stride, Work* work) {
  const int64_t step = stride * BitsOf(dtype) / 8;
  switch (dtype) {
    case Dtype::kF64:
      for (int64_t i = 0; i < n; ++i) work[i] = static_cast<Work>(Load<double>(src + i * step));
      return;
    case Dtype::kF32:
      for (int64_t i = 0; i < n; ++i) work[i] = Load<float>(src + i * step);
      return;
    case Dtype::kF16:
      for (int64_t i = 0; i < n; ++i) work[i] = FloatFromF16(Load<uint16_t>(src + i * step));
      return;
    default:
      for (int64_t i = 0; i < n; ++i) work[i] = FloatFromBf16(Load<uint16_t>(src + i * step));
  }
}

template <class Work>
void StoreAll(Dtype dtype, int64_t n, const Work* work, std::byte* dst, int64_t stride) {
  const int64_t step = stride * BitsOf(dtype) / 8;
  switch (dtype) {
    case Dtype::kF64:
      for (int64_t i = 0; i < n; ++i) Store(dst + i * step, QuietF64(work[i]));
      return;
    case Dtype::kF32:
      for (int64_t i = 0; i < n; ++i) Store(dst + i * step, QuietF32(static_cast<float>(work[i])));
      return;
    case Dtype::kF16:
      for (int64_t i = 0; i < n; ++i) Store(dst + i * step, F16FromDouble(work[i]));
      return;
    default:
      for (int64_t i = 0; i < n; ++i) {
        if constexpr (std::is_same_v<Work, float>) {
          Store(dst + i * step, Bf16FromFloat(work[i]));
        } else {
          Store(dst + i * step, Bf16FromDouble(work[i]));
        }
      }
  }
}

// One step in the arithmetic of Compute.
template <class Compute, class Work>
void ApplyStep(const ValueStep& step, int64_t n, Work* work) {
  const Compute operand = static_cast<Compute>(step.operand);
  const bool add = step.kind == ValueStep::Kind::kAdd;
  const bool divide = step.kind == ValueStep::Kind::kDivide;
  for (int64_t i = 0; i < n; ++i) {
    const Compute x = static_cast<Compute>(work[i]);
    const Compute result = add ? x + operand : divide ? x / operand : x * operand;
    // Which NaN an addition returns is the processor's choice; bytes must not depend on it.
    const Compute number = result != result ? std::numeric_limits<Compute>::quiet_NaN() : result;
    work[i] = x != x ? x : number;
  }
}

template <class Work>
void ConvertChunk(const ValueOp& op, int64_t n, const std::byte* src, int64_t src_stride,
                  std::byte* dst, int64_t dst_stride) {
  std::array<Work, kChunk> work;
  LoadAll(op.from, n, src, src_stride, work.data());
  for (const ValueStep& step : op.steps) {
    if (step.compute == Dtype::kF64) {
      ApplyStep<double>(step, n, work.data());
    } else {
      ApplyStep<float>(step, n, work.data());
    }
  }
  StoreAll(op.to, n, work.data(), dst, dst_stride);
}

}  // namespace

void ConvertRow(const ValueOp& op, int64_t n, const std::byte* src, int64_t src_stride,
                std::byte* dst, int64_t dst_stride) {
  const bool needs_double =
      op.from == Dtype::kF64 ||
      std::any_of(op.steps.begin(), op.steps.end(),
                  [](const ValueStep& step) { return step.compute == Dtype::kF64; });
  const int64_t src_step = src_stride * BitsOf(op.from) / 8;
  const int64_t dst_step = dst_stride * BitsOf(op.to) / 8;
  for (int64_t first = 0; first < n; first += kChunk) {
    const int64_t count = std::min(kChunk, n - first);
    const std::byte* from = src + first * src_step;
    std::byte* to = dst + first * dst_step;
    if (needs_double) {
      ConvertChunk<double>(op, count, from, src_stride, to, dst_stride);
    } else {
      ConvertChunk<float>(op, count, from, src_stride, to, dst_stride);
    }
  }
}

void ConvertBox(const ValueOp& op, const StridedCopy& copy, const std::byte* src, std::byte* dst) {
  const int64_t from = BitsOf(op.from) / 8, to = BitsOf(op.to) / 8;
  ForEachRow(copy, [&](const Row& row) {
    ConvertRow(op, row.n, src + row.src * from, row.src_stride, dst + row.dst * to, row.dst_stride);
  });
}

}  // namespace rr
