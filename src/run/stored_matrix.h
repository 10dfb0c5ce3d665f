// A stored weight as matrices: which of its dimensions are batch, output and input, and so which
// row and column of which matrix an element is.
//
// The last dimensions that are all output, or all input, make one contiguous run; every run is (a
// part of) one row of one matrix. A product of factors is computed run by run.
#ifndef RULE_RUNNER_RUN_STORED_MATRIX_H_
#define RULE_RUNNER_RUN_STORED_MATRIX_H_

#include <cstdint>
#include <vector>

#include "check/checked_rules.h"

namespace rr {

class StoredMatrix {
 public:
  // `entry` stores linear tensors of the model; `shape` is that of the stored tensor.
  StoredMatrix(const CheckedRules& rules, const CheckedEntry& entry,
               const std::vector<int64_t>& shape);

  int64_t batch() const { return batch_; }  // how many matrices
  int64_t out() const { return out_; }      // rows of B
  int64_t in() const { return in_; }        // columns of A
  int64_t run() const { return run_; }      // elements
  bool runs_over_in() const { return over_in_; }

  // Run number `i` of the tensor.
  struct Place {
    int64_t batch = 0;
    int64_t row = 0;    // an output where runs are over inputs, else an input
    int64_t first = 0;  // the run begins at this input (output)
  };
  Place PlaceOf(int64_t i) const;

 private:
  enum class Role { kBatch, kOut, kIn };
  struct Dim {
    int64_t n;
    Role role;
    int64_t stride;  // within its role
  };
  std::vector<Dim> before_;  // the dimensions before the run
  int64_t batch_ = 1, out_ = 1, in_ = 1, run_ = 1;
  bool over_in_ = true;
};

}  // namespace rr

#endif  // RULE_RUNNER_RUN_STORED_MATRIX_H_
