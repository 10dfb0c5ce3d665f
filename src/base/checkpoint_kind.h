// What the tensors of a checkpoint are: a model's weights, or an adapter to them.
#ifndef RULE_RUNNER_BASE_CHECKPOINT_KIND_H_
#define RULE_RUNNER_BASE_CHECKPOINT_KIND_H_

#include <string_view>

namespace rr {

enum class CheckpointKind { kWeights, kAdapter };

constexpr std::string_view NameOf(CheckpointKind kind) {
  return kind == CheckpointKind::kWeights ? "weights" : "adapter";
}

}  // namespace rr

#endif  // RULE_RUNNER_BASE_CHECKPOINT_KIND_H_
