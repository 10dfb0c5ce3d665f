// The expression of one factor, from the expression of its weight and what a style says.
#ifndef RULE_RUNNER_CHECK_DERIVE_FACTOR_H_
#define RULE_RUNNER_CHECK_DERIVE_FACTOR_H_

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "syntax/adapter_style.h"
#include "syntax/rule_file.h"

namespace rr {

// What a dimension of a stored weight is to the linear map.
enum class DimRole { kBatch, kIn, kOut, kMixed };

// A weight as its layout stores it: what all styles ask of it.
struct StoredWeight {
  const EntryRule* entry = nullptr;
  std::string key;                         // its text
  std::vector<const TensorRule*> tensors;  // that it stores, in the order of the block
  AxisExpr dims;                           // tensor[A B] at the top is two
  std::vector<DimRole> roles;              // one per dimension
};

// `refine` is what the layout writes axes as; the weight refers to what it is made of.
StoredWeight StoredWeightOf(const std::vector<RefineRule>& refine, const BlockRule& block,
                            const EntryRule& entry);

// Fills the expression, the tensors that share it and the value words of `entry`. False without a
// finding where the weight does not have the part that is asked for; false after RR213.
bool FillFactor(const std::vector<RefineRule>& refine, const AdapterStyle& style,
                const StoredWeight& weight, const AdapterKey& key, EntryRule* entry,
                Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_CHECK_DERIVE_FACTOR_H_
