// Sources of a plan, multiplied by their factors (Plan::products) as they are read.
#ifndef RULE_RUNNER_RUN_PRODUCT_READER_H_
#define RULE_RUNNER_RUN_PRODUCT_READER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "io/tensor_io.h"
#include "plan/plan.h"

namespace rr {

// Factors are small beside what they multiply: they are read at once and kept. Reads of the sources
// of products begin and end between elements. OsError of the inner reader comes through.
class ProductReader : public TensorReader {
 public:
  // Both outlive the reader.
  ProductReader(const Plan& plan, const TensorReader& inner);
  void Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const override;

 private:
  const TensorReader& inner_;
  std::map<uint32_t, std::vector<std::byte>> factors_;  // by source
  std::map<uint32_t, std::vector<const Product*>> by_source_;
};

}  // namespace rr

#endif  // RULE_RUNNER_RUN_PRODUCT_READER_H_
