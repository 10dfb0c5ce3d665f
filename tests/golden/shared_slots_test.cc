// Pairs that experts share, in Megatron's torch_dist checkpoints. NVIDIA-NeMo/Megatron-Bridge#3951
// gave every expert a slot (0.5.1); before, a shared pair had no axis of experts. Without the
// synchronisation of #5396 (0.6.0) each expert-parallel rank trained a pair of its own, and Bridge
// averages their slots when it loads them (#5484). Here each expert has what its rank trained.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "adapter_case.h"
#include "golden_case.h"
#include "tensor_file.h"

namespace rr::golden {
namespace {

constexpr int64_t kExperts = 3;

// The bytes of the slots, of a tensor over layers and experts, of one layer.
std::vector<std::byte> SlotsOf(const Tensor& tensor, int64_t layer,
                               const std::vector<int64_t>& experts) {
  const auto size = static_cast<int64_t>(tensor.bytes.size()) / (tensor.shape[0] * tensor.shape[1]);
  std::vector<std::byte> bytes;
  for (const int64_t e : experts) {
    const auto begin = tensor.bytes.begin() + (layer * tensor.shape[1] + e) * size;
    bytes.insert(bytes.end(), begin, begin + size);
  }
  return bytes;
}

// The recorded checkpoint with other slots: expert e has that of experts[e]. One slot is no axis.
Tensors WithSlots(const Tensors& recorded, const std::vector<int64_t>& experts) {
  Tensors tensors = recorded;
  for (auto& [key, tensor] : tensors) {
    if (!Contains(key, ".experts.experts.")) continue;
    const Tensor before = tensor;
    tensor.bytes.clear();
    for (int64_t layer = 0; layer < before.shape[0]; ++layer) {
      const std::vector<std::byte> slots = SlotsOf(before, layer, experts);
      tensor.bytes.insert(tensor.bytes.end(), slots.begin(), slots.end());
    }
    if (experts.size() == 1) tensor.shape.erase(tensor.shape.begin() + 1);
  }
  return tensors;
}

struct Slots {
  GoldenCase golden = CaseNamed("megatron/torchdist_lora_qwen3_moe_perexpert");
  Scene scene{golden};
  Tensors recorded = LoadTensors(scene.files, "/case/out.safetensors");

  Tensors Converted(const Tensors& tensors, const std::string& to) {
    scene.files.Put("/case/slots.safetensors", FileOf(tensors));
    PutAdapter(scene.files, "/source", "/case/slots.safetensors",
               {"adapter_config.json", R"({"peft_type": "LORA", "r": 5, "lora_alpha": 10})"});
    ConvertRequest request = RequestFor(golden, "/source", true);
    request.to = to;
    request.destination = "/got";
    MustConvert(scene.files, golden, request);
    return LoadTensors(scene.files, "/got");
  }
};

TEST_CASE("a pair that all experts share has no axis of experts before Megatron-Bridge 0.5.1") {
  Slots slots;
  const Tensors old = WithSlots(slots.recorded, {0});
  const Tensors each = WithSlots(slots.recorded, std::vector<int64_t>(kExperts, 0));
  const Tensors got = slots.Converted(old, "megatron");
  CHECK(got == slots.Converted(each, "megatron"));
  const std::string key = "decoder.layers.1.mlp.experts.linear_fc1.adapter.linear_in.weight";
  REQUIRE(got.contains(key));
  CHECK(got.at(key).bytes ==
        SlotsOf(slots.recorded.at(
                    "decoder.layers.mlp.experts.experts.linear_fc1.adapter.linear_in.weight"),
                1, {0}));
  CHECK(slots.Converted(old, "peft-expert") == slots.Converted(each, "peft-expert"));
}

TEST_CASE("pairs that the experts of a rank share stay those of the rank") {
  Slots slots;
  const Tensors got = slots.Converted(WithSlots(slots.recorded, {0, 0, 2}), "peft-expert");
  for (const auto& [expert, slot] : std::vector<std::pair<int, int64_t>>{{0, 0}, {1, 0}, {2, 2}}) {
    const std::string key = "base_model.model.model.layers.1.mlp.experts." +
                            std::to_string(expert) + ".down_proj.lora_A.weight";
    REQUIRE(got.contains(key));
    CHECK(got.at(key).bytes ==
          SlotsOf(slots.recorded.at(
                      "decoder.layers.mlp.experts.experts.linear_fc2.adapter.linear_in.weight"),
                  1, {slot}));
  }
}

}  // namespace
}  // namespace rr::golden
