// A piece of a stored tensor as Python code: slices, reshapes and a transposition that make it a
// view of one logical tensor. The same text reads what is stored and, as the target of an
// assignment, writes it.
#ifndef RULE_RUNNER_RUN_CODE_VIEW_H_
#define RULE_RUNNER_RUN_CODE_VIEW_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bind/bound_layout.h"

namespace rr {

// "[:, I:2*I].reshape(E, I, H).transpose(0, 2, 1)".
struct CodeView {
  std::string text;
  bool whole = false;     // the tensor as it is: no text
  bool is_index = false;  // one pair of brackets only: may be assigned to as it is
  // Extents of the view, one per digit; axes of one digit each where `merged` is equal.
  std::vector<std::string> digits, merged;
};

// A dimension in which the position moves with a loop variable: start + step * variable.
struct MovingDim {
  int dim = -1;
  int64_t step = 0;
  std::string variable;
};

// How numbers are written: by the name of an axis or a formula of that value, if there is one.
using NumberText = std::function<std::string(int64_t)>;

// `axes` are the axes of the logical tensor that become dimensions of the view, in that order.
// `permute` is `transpose` in numpy and `permute` in torch.
CodeView ViewOf(const std::vector<int64_t>& shape, const BoundLeaf& leaf, int64_t start,
                const std::vector<size_t>& axes, const MovingDim& moving, const NumberText& number,
                const std::string& permute);

}  // namespace rr

#endif  // RULE_RUNNER_RUN_CODE_VIEW_H_
