// Adapters merged by PEFT and Megatron-Bridge: rule-runner's merged weights are theirs to the last
// bit, as products are summed in the order of their BLAS (run/kernel_product.h).
// golden_case.h says what a case is.
#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapter_case.h"
#include "golden_case.h"
#include "run/merge.h"
#include "tensor_file.h"

namespace rr::golden {
namespace {

// One file of those tensors whose key has, or has not, ".adapter." in it: Megatron-Bridge keeps
// base and adapters in one state dict.
std::string FileOf(const Tensors& tensors, bool adapters) {
  Tensors kept;
  for (const auto& [key, tensor] : tensors) {
    if (Contains(key, ".adapter.") == adapters) kept[key] = tensor;
  }
  return FileOf(kept);
}

MergeRequest RequestToMerge(const GoldenCase& golden, const std::string& adapter) {
  MergeRequest request;
  request.base.source.path = "/base";
  request.base.to = golden.to;
  request.base.destination = "/merged.safetensors";
  request.base.force = true;
  request.base.jobs = 2;
  request.adapters = {{adapter, 1}};
  request.adapter_from = golden.from;
  return request;
}

void MustMerge(Scene& scene, const GoldenCase& golden, const MergeRequest& request,
               const std::string& expected) {
  Diagnostics diagnostics;
  const std::optional<RunReport> report =
      Merge(scene.files, &ShippedRules(), request, &diagnostics);
  CheckWarnings(golden, diagnostics);
  REQUIRE(report.has_value());
  CheckSame(LoadTensors(scene.files, "/merged.safetensors"), LoadTensors(scene.files, expected));
}

void PutBase(Scene& scene, const std::string& file) {
  scene.files.Put("/base/model.safetensors", file);
  scene.files.Put("/base/config.json", scene.files.TextOf("/case/config.json"));
}

TEST_CASE("merges as the real systems do") {
  for (const GoldenCase& golden : ReadCases()) {
    if (!golden.IsMerge()) continue;
    CAPTURE(golden.name);
    Scene scene(golden);
    if (golden.kind == "merge-split") {
      const Tensors both = LoadTensors(scene.files, "/case/in.safetensors");
      PutBase(scene, FileOf(both, false));
      scene.files.Put("/case/adapter.safetensors", FileOf(both, true));
    } else {
      PutBase(scene, scene.files.TextOf("/case/base.safetensors"));
      scene.files.Link("/case/adapter.safetensors", "/case/in.safetensors");
    }
    PutAdapter(scene.files, "/adapter", "/case/adapter.safetensors",
               SourceConfig(golden, scene.about));
    for (const bool reference : {false, true}) {
      CAPTURE(reference);
      MergeRequest request = RequestToMerge(golden, "/adapter");
      request.base.reference_engine = reference;
      MustMerge(scene, golden, request, "/case/out.safetensors");
    }
  }
}

// PEFT merged both adapters of these cases, each in the version that wrote its layout, and got the
// same weights.
TEST_CASE("an adapter merges to the same weights before and after its conversion") {
  int cases = 0;
  for (const GoldenCase& golden : ReadCases()) {
    if (!golden.merged) continue;
    ++cases;
    // The bases hold what the adapters touch and little else; the adapters are whole.
    GoldenCase partial = golden;
    partial.warns = {InfoOf(Code::kMissingKey).Id()};
    CAPTURE(golden.name);
    Scene scene(golden);
    PutBase(scene, scene.files.TextOf("/case/base.safetensors"));
    const std::optional<Value> in = CaseConfig(golden, "in_adapter_config.json");
    const std::optional<Value> out = CaseConfig(golden, "out_adapter_config.json");
    REQUIRE((in && out));
    PutAdapter(scene.files, "/in", "/case/in.safetensors", {"adapter_config.json", ToJson(*in)});
    PutAdapter(scene.files, "/out", "/case/out.safetensors", {"adapter_config.json", ToJson(*out)});
    ConvertRequest convert = RequestFor(golden, "/in", false);
    convert.destination = "/converted";
    MustConvert(scene.files, golden, convert);
    for (const std::string& adapter : std::vector<std::string>{"/in", "/out", "/converted"}) {
      CAPTURE(adapter);
      MergeRequest request = RequestToMerge(golden, adapter);
      request.base.to.clear();
      request.adapter_from = adapter == "/in" ? golden.from : golden.to;
      MustMerge(scene, partial, request, "/case/merged.safetensors");
    }
  }
  CHECK(cases > 0);
}

}  // namespace
}  // namespace rr::golden
