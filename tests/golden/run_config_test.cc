// Rank and alpha of Megatron's adapters are in run_config.yaml. One that says another rank than the
// tensors have is that of another run, and its alpha would give another scale.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "adapter_case.h"
#include "golden_case.h"
#include "tensor_file.h"

namespace rr::golden {
namespace {

// The recorded adapter has rank 5 everywhere; two experts are chosen for a token.
struct Run {
  GoldenCase golden = CaseNamed("megatron/lora_qwen3_moe_perexpert_mcore_to_peft");
  Scene scene{golden};

  explicit Run(const std::string& peft, bool only_experts = false, const std::string& model = "") {
    Tensors tensors = LoadTensors(scene.files, "/case/in.safetensors");
    if (only_experts)
      std::erase_if(tensors, [](const auto& one) { return !Contains(one.first, ".experts."); });
    scene.files.Put("/case/some.safetensors", FileOf(tensors));
    PutAdapter(scene.files, "/source", "/case/some.safetensors",
               {"run_config.yaml", "model: {tensor_model_parallel_size: 1" + model +
                                       "}\npeft: {alpha: 10, " + peft + "}\n"});
  }
  ConvertRequest Request() const {
    ConvertRequest request = RequestFor(golden, "/source", false);
    request.destination = "/got";
    return request;
  }
  std::string Refused() {
    std::string text;
    for (const Diagnostic& d : MustRefuse(scene.files, Request()))
      text += InfoOf(d.code).Id() + (" " + d.message + "\n");
    return text;
  }
};

TEST_CASE("a run_config.yaml that gives another rank than the tensors have is refused") {
  Run right("dim: 5");
  MustConvert(right.scene.files, right.golden, right.Request());
  const std::string refused = Run("dim: 8").Refused();
  CAPTURE(refused);
  CHECK(refused.starts_with("RR423 "));
  CHECK(Contains(refused, "has rank 5"));
  CHECK(Contains(refused, "but run_config.yaml gives "));
  CHECK(Contains(refused, " rank 8\n"));
  CHECK(Contains(refused, " more modules have another rank than the config says"));
  // Without a rank there is nothing to contradict, and the report says so.
  Run silent("target_modules: [linear_fc1]");
  silent.golden.warns.insert("RR415");
  MustConvert(silent.scene.files, silent.golden, silent.Request());
}

TEST_CASE("experts have the rank that normalize_moe_lora gives them, and must have it") {
  // dim 10 or 11 over top-k 2.
  for (const char* dim : {"10", "11"}) {
    Run right(std::string("normalize_moe_lora: true, dim: ") + dim, true);
    MustConvert(right.scene.files, right.golden, right.Request());
  }
  // With three expert-tensor-parallel ranks a multiple of three, with five one of five.
  CHECK(Contains(Run("dim: 8, normalize_moe_lora: true", true).Refused(), " rank 4\n"));
  CHECK(Contains(
      Run("dim: 10, normalize_moe_lora: true", true, ", expert_tensor_parallel_size: 3").Refused(),
      " rank 6\n"));
  Run rounded("dim: 8, normalize_moe_lora: true", true, ", expert_tensor_parallel_size: 5");
  MustConvert(rounded.scene.files, rounded.golden, rounded.Request());
  // Without the top-k nothing is known of the rank of experts, and the report says so.
  Run unknown("normalize_moe_lora: true, dim: 8", true);
  std::string config = unknown.scene.files.TextOf("/case/config.json");
  const size_t at = config.find("num_experts_per_tok");
  REQUIRE(at != std::string::npos);
  unknown.scene.files.Put("/case/config.json", config.replace(at, 3, "xyz"));
  unknown.golden.warns.insert("RR415");
  MustConvert(unknown.scene.files, unknown.golden, unknown.Request());
  // Linear layers without experts have dim itself: there the tensors say that nothing was divided.
  const std::string mixed = Run("dim: 5, normalize_moe_lora: true").Refused();
  CAPTURE(mixed);
  CHECK(Contains(mixed, ".mlp.experts."));
  CHECK(!Contains(mixed, "self_attention"));
}

}  // namespace
}  // namespace rr::golden
