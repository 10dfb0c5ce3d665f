// The tensors of a checkpoint, quantised weights as their values.
//
// A value is code * scale (or code / scale) in float32: with scales that are powers of two, and of
// whole numbers with F16 or BF16 scales, that is exact; otherwise it is the one rounding of the
// product. Values are computed as they are read; nothing is kept.
#ifndef RULE_RUNNER_RUN_DEQUANTIZED_READER_H_
#define RULE_RUNNER_RUN_DEQUANTIZED_READER_H_

#include <memory>
#include <vector>

#include "bind/key_table.h"
#include "io/tensor_io.h"

namespace rr {

class DequantizedReader : public TensorReader {
 public:
  // Where codes are stored with two dimensions of the weight exchanged: the order of the codes, or
  // that of the weight's shape, for which whole matrices are computed and the last few are kept.
  enum class Order { kStored, kNamed };

  // By index in the table, like `inner`, which gives what is stored; indices beyond it are passed
  // on. A quantised weight is F32.
  DequantizedReader(std::unique_ptr<TensorReader> inner, const KeyTable& table, Order order);
  ~DequantizedReader() override;

  void Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const override;

 private:
  struct Weight {
    ElementCode code;
    uint32_t codes = 0, scales = 0;
    Dtype scale_dtype = Dtype::kF32;
    bool divide = false;
    bool turned = false;            // read in the order of the weight's shape
    int64_t rows = 0, columns = 0;  // of one matrix
    int64_t block_rows = 1, block_columns = 1;
    int64_t grid_rows = 0, grid_columns = 0;  // scales of one matrix
  };
  using Matrix = std::vector<float>;
  void Values(const Weight& weight, int64_t first, int64_t n, float* values) const;
  void TurnedValues(const Weight& weight, int64_t first, int64_t n, float* values) const;
  std::shared_ptr<const Matrix> Turned(const Weight& weight, int64_t matrix) const;
  std::vector<float> Scales(const Weight& weight, int64_t first_row, int64_t last_row) const;
  // Which row of the scale grid, over all matrices, a row of elements has.
  static int64_t GridRowOf(const Weight& weight, int64_t row);

  std::unique_ptr<TensorReader> inner_;
  std::vector<int32_t> weight_of_;  // per key: index into weights_, or -1
  std::vector<Weight> weights_;
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

}  // namespace rr

#endif  // RULE_RUNNER_RUN_DEQUANTIZED_READER_H_
