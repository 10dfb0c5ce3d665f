#include "run/dequantized_reader.h"

#include <algorithm>
#include <cstring>
#include <list>
#include <mutex>
#include <utility>

#include "codec/e8m0.h"
#include "run/kernel_value.h"

namespace rr {
namespace {

constexpr int64_t kDecodedAtOnce = 16 << 10;  // elements decoded at once
constexpr size_t kKept = 4;                   // matrices

}  // namespace

struct DequantizedReader::Kept {
  std::mutex mutex;
  std::list<std::pair<std::pair<uint32_t, int64_t>, std::shared_ptr<const Matrix>>>
      matrices;  // latest first
};

DequantizedReader::DequantizedReader(std::unique_ptr<TensorReader> inner, const KeyTable& table,
                                     Order order)
    : inner_(std::move(inner)), kept_(std::make_unique<Kept>()) {
  for (const FoundKey& key : table.keys) weight_of_.push_back(key.quantized);
  for (const QuantizedWeight& from : table.quantized) {
    Weight weight;
    weight.code = from.format->code;
    weight.codes = from.codes;
    weight.scales = from.scales;
    weight.scale_dtype = table.keys[from.scales].dtype.value_or(Dtype::kF32);
    weight.divide = from.format->divide;
    weight.turned = from.format->transposed && order == Order::kNamed;
    weight.columns = from.elements.back();
    weight.rows = from.elements[from.elements.size() - 2];
    const std::vector<int64_t> grid = ScaleGrid(from.elements, from.block);
    weight.grid_columns = grid.back();
    weight.grid_rows = grid[grid.size() - 2];
    weight.block_rows = from.block[0] == 0 ? std::max<int64_t>(weight.rows, 1) : from.block[0];
    weight.block_columns =
        from.block[1] == 0 ? std::max<int64_t>(weight.columns, 1) : from.block[1];
    weights_.push_back(weight);
  }
}

DequantizedReader::~DequantizedReader() = default;

void DequantizedReader::Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const {
  if (index >= weight_of_.size() || weight_of_[index] < 0) {
    inner_->Read(index, offset, out);
    return;
  }
  const Weight& weight = weights_[static_cast<size_t>(weight_of_[index])];
  std::vector<float> values;
  while (!out.empty()) {
    const auto first = static_cast<int64_t>(offset / sizeof(float));
    const size_t skip = offset % sizeof(float);
    const size_t bytes = std::min(out.size(), kDecodedAtOnce * sizeof(float) - skip);
    const auto n = static_cast<int64_t>((skip + bytes + sizeof(float) - 1) / sizeof(float));
    values.resize(static_cast<size_t>(n));
    if (weight.turned) {
      TurnedValues(weight, first, n, values.data());
    } else {
      Values(weight, first, n, values.data());
    }
    std::memcpy(out.data(), reinterpret_cast<const std::byte*>(values.data()) + skip, bytes);
    out = out.subspan(bytes);
    offset += bytes;
  }
}

void DequantizedReader::TurnedValues(const Weight& weight, int64_t first, int64_t n,
                                     float* values) const {
  const int64_t size = weight.rows * weight.columns;
  for (int64_t done = 0; done < n;) {
    const int64_t at = (first + done) % size;
    const int64_t count = std::min(n - done, size - at);
    const std::shared_ptr<const Matrix> matrix = Turned(weight, (first + done) / size);
    std::copy_n(matrix->begin() + at, count, values + done);
    done += count;
  }
}

std::shared_ptr<const DequantizedReader::Matrix> DequantizedReader::Turned(const Weight& weight,
                                                                           int64_t matrix) const {
  const std::pair key{weight.codes, matrix};
  {
    const std::lock_guard lock(kept_->mutex);
    for (const auto& [of, kept] : kept_->matrices) {
      if (of == key) return kept;
    }
  }
  const int64_t size = weight.rows * weight.columns;
  Matrix stored(static_cast<size_t>(size)), turned(static_cast<size_t>(size));
  Values(weight, matrix * size, size, stored.data());
  for (int64_t r = 0; r < weight.rows; ++r) {
    for (int64_t c = 0; c < weight.columns; ++c)
      turned[static_cast<size_t>(c * weight.rows + r)] =
          stored[static_cast<size_t>(r * weight.columns + c)];
  }
  auto made = std::make_shared<const Matrix>(std::move(turned));
  const std::lock_guard lock(kept_->mutex);
  kept_->matrices.emplace_front(key, made);
  if (kept_->matrices.size() > kKept) kept_->matrices.pop_back();
  return made;
}

int64_t DequantizedReader::GridRowOf(const Weight& weight, int64_t row) {
  return row / weight.rows * weight.grid_rows + row % weight.rows / weight.block_rows;
}

std::vector<float> DequantizedReader::Scales(const Weight& weight, int64_t first_row,
                                             int64_t last_row) const {
  const int64_t n = (last_row - first_row + 1) * weight.grid_columns;
  const int64_t size = BitsOf(weight.scale_dtype) / 8;
  std::vector<std::byte> stored(static_cast<size_t>(n * size));
  inner_->Read(weight.scales, static_cast<uint64_t>(first_row * weight.grid_columns * size),
               stored);
  std::vector<float> scales(static_cast<size_t>(n));
  if (IsFloat(weight.scale_dtype)) {
    ConvertRow({weight.scale_dtype, Dtype::kF32, {}}, n, stored.data(), 1,
               reinterpret_cast<std::byte*>(scales.data()), 1);
  } else {
    for (size_t i = 0; i < scales.size(); ++i)
      scales[i] = FloatFromE8M0(static_cast<uint8_t>(stored[i]));
  }
  return scales;
}

void DequantizedReader::Values(const Weight& weight, int64_t first, int64_t n,
                               float* values) const {
  const int64_t bits = weight.code.Bits();
  const int64_t first_byte = first * bits / 8;
  std::vector<std::byte> codes(static_cast<size_t>(((first + n) * bits + 7) / 8 - first_byte));
  inner_->Read(weight.codes, static_cast<uint64_t>(first_byte), codes);
  DecodeElements(weight.code, codes.data(), first - first_byte * 8 / bits, n, values);
  const int64_t first_grid_row = GridRowOf(weight, first / weight.columns);
  const std::vector<float> scales =
      Scales(weight, first_grid_row, GridRowOf(weight, (first + n - 1) / weight.columns));
  for (int64_t i = 0; i < n;) {
    const int64_t column = (first + i) % weight.columns;
    const int64_t grid_row = GridRowOf(weight, (first + i) / weight.columns) - first_grid_row;
    const int64_t end = std::min(
        {n, i + weight.columns - column, i + weight.block_columns - column % weight.block_columns});
    const float scale =
        scales[static_cast<size_t>(grid_row * weight.grid_columns + column / weight.block_columns)];
    if (weight.divide) {
      for (; i < end; ++i) values[i] /= scale;
    } else {
      for (; i < end; ++i) values[i] *= scale;
    }
  }
}

}  // namespace rr
