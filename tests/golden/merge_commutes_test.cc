// Merging commutes with converting: an adapter merges to the same weights in whatever layout it is,
// and a merged model converted is the converted model merged. The bases are those of golden cases.
#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "golden_case.h"
#include "report/render.h"
#include "run/merge.h"
#include "tensor_file.h"

namespace rr::golden {
namespace {

constexpr int64_t kRank = 2;

// Small whole numbers, so that deltas are exact in whatever order they are summed.
Tensor Whole(const std::string& seed, std::vector<int64_t> shape) {
  uint64_t state = std::hash<std::string>{}(seed);
  Tensor tensor{Dtype::kF32, std::move(shape), {}};
  int64_t count = 1;
  for (const int64_t n : tensor.shape) count *= n;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    const auto x = static_cast<float>(static_cast<int64_t>(state >> 61) - 3);
    const auto* bytes = reinterpret_cast<const std::byte*>(&x);
    tensor.bytes.insert(tensor.bytes.end(), bytes, bytes + sizeof x);
  }
  return tensor;
}

// A pair for every linear of the layers. Linears with one input have one A: a system that stores
// them together can hold that.
Tensors AdapterOf(const Tensors& base) {
  Tensors adapter;
  for (const auto& [key, tensor] : base) {
    if (!key.ends_with("_proj.weight") && !Contains(key, ".in_proj_")) continue;
    if (tensor.shape.size() != 2 || key.starts_with("mtp.")) continue;  // PEFT drops MTP
    const std::string module = key.substr(0, key.size() - 7);
    const std::string place = module.substr(0, module.rfind('.'));
    const std::string a = place + " " + std::to_string(tensor.shape[1]);
    adapter["base_model.model." + module + ".lora_A.weight"] = Whole(a, {kRank, tensor.shape[1]});
    adapter["base_model.model." + module + ".lora_B.weight"] =
        Whole(module, {tensor.shape[0], kRank});
  }
  return adapter;
}

struct Commuting {
  GoldenCase golden;
  Scene scene;
  int weights = 0;
  std::string said;  // by the last conversion

  explicit Commuting(const std::string& name) : golden(CaseNamed(name)), scene(golden) {
    MemoryFiles& files = scene.files;
    files.Put("/base/model.safetensors", files.TextOf("/case/in.safetensors"));
    files.Put("/base/config.json", files.TextOf("/case/config.json"));
    files.Put("/adapter/adapter_model.safetensors",
              FileOf(AdapterOf(LoadTensors(files, "/base/model.safetensors"))));
    files.Put("/adapter/adapter_config.json",
              ToJson(Value::Map{{"peft_type", "LORA"}, {"r", kRank}, {"lora_alpha", 2 * kRank}}));
  }

  // Whether it could; a refusal is no failure of this test.
  bool Converts(const std::string& from, const std::string& layout, const std::string& to_layout,
                const std::string& to) {
    ConvertRequest request;
    request.source.path = from;
    request.source.config = "/case/config.json";
    request.source.from = layout;
    request.to = to_layout;
    request.destination = to;
    request.force = true;
    request.jobs = 1;
    Diagnostics diagnostics;
    const bool done = Convert(scene.files, &ShippedRules(), request, &diagnostics).has_value();
    said = RenderText(diagnostics, {});
    return done;
  }

  Tensors Merged(const std::string& base, const std::string& base_layout,
                 const std::string& adapter, const std::string& adapter_layout,
                 const std::string& to) {
    MergeRequest request;
    request.base.source.path = base;
    request.base.source.config = "/case/config.json";
    request.base.source.from = base_layout;
    request.base.to = to;
    request.base.destination = "/merged.safetensors";
    request.base.force = true;
    request.base.jobs = 1;
    request.adapters = {{adapter, 1}};
    request.adapter_from = adapter_layout;
    Diagnostics diagnostics;
    const bool done = Merge(scene.files, &ShippedRules(), request, &diagnostics).has_value();
    CAPTURE(base_layout);
    CAPTURE(adapter_layout);
    CAPTURE(to);
    INFO(RenderText(diagnostics, {}));
    REQUIRE(done);
    return LoadTensors(scene.files, "/merged.safetensors");
  }

  void Check() {
    const Tensors merged = Merged("/base", "hub", "/adapter", "peft-expert", "hub");
    CHECK(merged != LoadTensors(scene.files, "/base"));
    scene.files.Put("/merged/model.safetensors", FileOf(merged));
    Diagnostics diagnostics;
    const RulesPtr rules = ShippedRules().Load(
        *scene.about.Find("config")->Find("model_type")->AsString(), &diagnostics);
    REQUIRE(rules != nullptr);
    for (const CheckedLayout& layout : rules->layouts) {
      const std::string& name = layout.name.text;
      if (name == "hub") continue;
      CAPTURE(name);
      if (!Converts("/base", "hub", name, "/other")) continue;
      ++weights;
      const Tensors other = Merged("/base", "hub", "/adapter", "peft-expert", name);
      CHECK(Merged("/other", name, "/adapter", "peft-expert", name) == other);
      REQUIRE(Converts("/merged", "hub", name, "/other_merged"));
      CHECK(LoadTensors(scene.files, "/other_merged") == other);
    }
  }

  void CheckAdapters(const std::vector<std::string>& styles) {
    const Tensors merged = Merged("/base", "hub", "/adapter", "peft-expert", "hub");
    for (const std::string& style : styles) {
      CAPTURE(style);
      const bool done = Converts("/adapter", "peft-expert", style, "/" + style);
      REQUIRE_MESSAGE(done, said);
      CHECK(Merged("/base", "hub", "/" + style, style, "hub") == merged);
    }
  }
};

TEST_CASE("merging and converting change places") {
  Commuting dense_and_experts("megatron/base_qwen3_moe_hf_to_mcore_tp1");
  dense_and_experts.Check();
  CHECK(dense_and_experts.weights >= 4);
  Commuting delta_nets("megatron/base_qwen3_next_hf_to_mcore_tp1");
  delta_nets.Check();
  CHECK(delta_nets.weights >= 2);
}

TEST_CASE("an adapter merges to the same weights in every layout") {
  Commuting("megatron/base_qwen3_moe_hf_to_mcore_tp1")
      .CheckAdapters({"peft-swapped", "peft-direct", "peft-swapped-blocked", "automodel",
                      "megatron", "megatron-canonical", "megatron-packed-3d", "maxtext-unscanned"});
  Commuting("megatron/base_qwen3_next_hf_to_mcore_tp1")
      .CheckAdapters({"peft-swapped", "automodel", "megatron"});
}

}  // namespace
}  // namespace rr::golden
