// The state dicts of Megatron's tensor-parallel ranks, joined into that of one rank.
//
// Which dimension ranks share out, by the module (NVIDIA/Megatron-LM@2a75ac12c5,
// megatron/core/tensor_parallel/layers.py, sharded_state_dict of the three parallel layers): rows
// of VocabParallelEmbedding and ColumnParallelLinear (linear_qkv, linear_fc1, output_layer),
// columns of RowParallelLinear (linear_proj, linear_fc2); norms and routers are whole on every
// rank. The rows of a gated linear_fc1 are the rank's part of gate, then its part of up
// (megatron/core/transformer/mlp.py, apply_swiglu_sharded_factory). Experts are shared out by the
// expert tensor-parallel size, which is 1 in the recorded case: whole on every rank. One rank has
// no rows beyond the vocabulary; several have zeros there, so that each has as many.
#ifndef RULE_RUNNER_TESTS_GOLDEN_TENSOR_PARALLEL_H_
#define RULE_RUNNER_TESTS_GOLDEN_TENSOR_PARALLEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "golden_case.h"

namespace rr::golden {

inline std::vector<Tensors> RanksOf(const Files& files) {
  std::vector<Tensors> ranks;
  for (;;) {
    const std::string path = "/case/in_rank" + std::to_string(ranks.size()) + ".safetensors";
    if (files.KindOf(path) != FileKind::kFile) break;
    ranks.push_back(LoadTensors(files, path));
  }
  REQUIRE(ranks.size() > 1);
  return ranks;
}

// Part `part` of `parts` of the rows.
inline Tensor RowsOf(const Tensor& tensor, int64_t part, int64_t parts) {
  REQUIRE(tensor.shape[0] % parts == 0);
  const auto size = static_cast<int64_t>(tensor.bytes.size()) / parts;
  Tensor rows{tensor.dtype, tensor.shape, {}};
  rows.shape[0] /= parts;
  rows.bytes.assign(tensor.bytes.begin() + part * size, tensor.bytes.begin() + (part + 1) * size);
  return rows;
}

inline void Append(const Tensor& rows, Tensor* tensor) {
  tensor->shape[0] += rows.shape[0];
  tensor->bytes.insert(tensor->bytes.end(), rows.bytes.begin(), rows.bytes.end());
}

inline Tensor JoinedRows(const std::vector<Tensor>& ranks, int64_t parts) {
  Tensor joined{ranks[0].dtype, ranks[0].shape, {}};
  joined.shape[0] = 0;
  for (int64_t part = 0; part < parts; ++part) {
    for (const Tensor& rank : ranks) Append(RowsOf(rank, part, parts), &joined);
  }
  return joined;
}

inline Tensor JoinedColumns(const std::vector<Tensor>& ranks) {
  Tensor joined{ranks[0].dtype, ranks[0].shape, {}};
  joined.shape[1] = 0;
  for (const Tensor& rank : ranks) joined.shape[1] += rank.shape[1];
  for (int64_t row = 0; row < joined.shape[0]; ++row) {
    for (const Tensor& rank : ranks) {
      const Tensor part = RowsOf(rank, row, joined.shape[0]);
      joined.bytes.insert(joined.bytes.end(), part.bytes.begin(), part.bytes.end());
    }
  }
  return joined;
}

// The first `rows` rows; what is cut must be zero.
inline Tensor CutTo(int64_t rows, Tensor tensor) {
  REQUIRE(rows <= tensor.shape[0]);
  const auto size = static_cast<int64_t>(tensor.bytes.size()) / tensor.shape[0] * rows;
  for (auto at = tensor.bytes.begin() + size; at != tensor.bytes.end(); ++at)
    REQUIRE(*at == std::byte{0});
  tensor.bytes.resize(static_cast<size_t>(size));
  tensor.shape[0] = rows;
  return tensor;
}

inline Tensor Joined(const std::string& key, const std::vector<Tensor>& ranks, int64_t vocabulary) {
  const auto of = [&](const char* module) {
    return key.ends_with(std::string(module) + ".weight") && !Contains(key, ".experts.");
  };
  if (of("linear_fc1")) return JoinedRows(ranks, 2);
  if (of("linear_qkv")) return JoinedRows(ranks, 1);
  if (of("word_embeddings") || of("output_layer")) return CutTo(vocabulary, JoinedRows(ranks, 1));
  if (of("linear_proj") || of("linear_fc2")) return JoinedColumns(ranks);
  for (const Tensor& rank : ranks) REQUIRE_MESSAGE(rank == ranks[0], "ranks differ: ", key);
  return ranks[0];
}

inline Tensors JoinedRanks(const std::vector<Tensors>& ranks, int64_t vocabulary) {
  Tensors joined;
  for (const auto& entry : ranks[0]) {
    std::vector<Tensor> parts;
    for (const Tensors& rank : ranks) {
      REQUIRE_MESSAGE(rank.contains(entry.first), entry.first);
      REQUIRE(rank.size() == ranks[0].size());
      parts.push_back(rank.at(entry.first));
    }
    joined[entry.first] = Joined(entry.first, parts, vocabulary);
  }
  return joined;
}

}  // namespace rr::golden

#endif  // RULE_RUNNER_TESTS_GOLDEN_TENSOR_PARALLEL_H_
