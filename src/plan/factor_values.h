// What the values of factors say: whether two A are the same, and which ranks of a B are zero.
#ifndef RULE_RUNNER_PLAN_FACTOR_VALUES_H_
#define RULE_RUNNER_PLAN_FACTOR_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <utility>
#include <vector>

#include "bind/bind_source.h"
#include "bind/key_table.h"
#include "bind/slices.h"

namespace rr {

// All bytes of a tensor of the source, by its index in the key table.
using ReadTensor = std::function<std::vector<std::byte>(uint32_t key)>;

class FactorValues {
 public:
  FactorValues(const BoundSource& source, const SlicedLayout& sliced, const KeyTable& table,
               ReadTensor read)
      : source_(source), sliced_(sliced), table_(table), read_(std::move(read)) {}

  // Bit for bit, in the order of rank and of the factor's own side. `a` and `b` are pieces of the
  // same kind of factor, of one slice each. Without a way to read, only what is stored once is
  // equal.
  bool Equal(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b);
  // Whether it can be told that they are not, in the ranks [first, first + rank) and of the same
  // dtype.
  bool Differ(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b, int64_t first,
              int64_t rank);
  // Per rank: whether any element of B is not zero. Empty without a way to read.
  std::vector<bool> NonZeroRanks(const std::vector<uint32_t>& b);

 private:
  struct Box;
  bool StoredOnce(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) const;
  const std::vector<std::byte>& Bytes(uint32_t stored);
  // How many ranks the factor has that is one piece.
  size_t RankOf(const std::vector<uint32_t>& pieces) const;
  // The elements of a factor that is one piece and its copies, rank first; empty otherwise.
  std::vector<std::byte> Gather(std::vector<uint32_t> pieces, size_t* element);

  const BoundSource& source_;
  const SlicedLayout& sliced_;
  const KeyTable& table_;
  ReadTensor read_;
  std::list<std::pair<uint32_t, std::vector<std::byte>>> recent_;  // latest first
};

}  // namespace rr

#endif  // RULE_RUNNER_PLAN_FACTOR_VALUES_H_
