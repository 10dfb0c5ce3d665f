// Values are changed a chunk at a time: load all, one loop per step, store all, so that every loop
// is simple enough for the compiler's vectors. The chunk holds floats when that loses nothing, else
// doubles.
#include "run/kernel_value.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "run/box_rows.h"
#include "run/float_bits.h"

namespace rr {
namespace {

constexpr int64_t kValuesAtOnce = 256;

// Calls `each(i, bytes from the start)`. A step known to the compiler lets it use vectors.
template <size_t kSize, class Each>
void ForEachElement(int64_t n, int64_t stride, Each each) {
  constexpr int64_t kBytes = kSize;
  if (stride == 1) {
    for (int64_t i = 0; i < n; ++i) each(i, i * kBytes);
  } else {
    for (int64_t i = 0; i < n; ++i) each(i, i * stride * kBytes);
  }
}

template <class Bits, class Work, class Decode>
void LoadEach(int64_t n, const std::byte* __restrict src, int64_t stride, Work* __restrict work,
              Decode decode) {
  ForEachElement<sizeof(Bits)>(n, stride, [=](int64_t i, int64_t at) {
    Bits bits;
    std::memcpy(&bits, src + at, sizeof bits);
    work[i] = static_cast<Work>(decode(bits));
  });
}

template <class Bits, class Work, class Encode>
void StoreEach(int64_t n, const Work* __restrict work, std::byte* __restrict dst, int64_t stride,
               Encode encode) {
  ForEachElement<sizeof(Bits)>(n, stride, [=](int64_t i, int64_t at) {
    const Bits bits = encode(work[i]);
    std::memcpy(dst + at, &bits, sizeof bits);
  });
}

template <class Work>
void LoadAll(Dtype dtype, int64_t n, const std::byte* src, int64_t stride, Work* work) {
  switch (dtype) {
    case Dtype::kF64:
      return LoadEach<double>(n, src, stride, work, [](double value) { return value; });
    case Dtype::kF32:
      return LoadEach<float>(n, src, stride, work, [](float value) { return value; });
    case Dtype::kF16:
      return LoadEach<uint16_t>(n, src, stride, work, FloatFromF16);
    default:
      return LoadEach<uint16_t>(n, src, stride, work, FloatFromBf16);
  }
}

inline uint16_t ToF16(float value) { return F16FromFloat(value); }
inline uint16_t ToF16(double value) { return F16FromDouble(value); }
inline uint16_t ToBf16(float value) { return Bf16FromFloat(value); }
inline uint16_t ToBf16(double value) { return Bf16FromDouble(value); }

template <class Work>
void StoreAll(Dtype dtype, int64_t n, const Work* work, std::byte* dst, int64_t stride) {
  switch (dtype) {
    case Dtype::kF64:
      return StoreEach<uint64_t>(n, work, dst, stride, [](Work value) { return QuietF64(value); });
    case Dtype::kF32:
      return StoreEach<uint32_t>(n, work, dst, stride,
                                 [](Work value) { return QuietF32(static_cast<float>(value)); });
    case Dtype::kF16:
      return StoreEach<uint16_t>(n, work, dst, stride, [](Work value) { return ToF16(value); });
    default:
      return StoreEach<uint16_t>(n, work, dst, stride, [](Work value) { return ToBf16(value); });
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
  std::array<Work, kValuesAtOnce> work;
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
  for (int64_t first = 0; first < n; first += kValuesAtOnce) {
    const int64_t count = std::min(kValuesAtOnce, n - first);
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
