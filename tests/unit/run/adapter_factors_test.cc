#include "run/adapter_factors.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/bind/adapter_case.h"
#include "unit/run/adapter_scene.h"

namespace rr {
namespace {

struct Opened {
  AdapterScene scene;
  std::optional<RuleLibrary> library;
  std::optional<OpenedSource> source;
  std::unique_ptr<AdapterFactors> factors;
  std::string findings;
};

// The factors of an adapter in the order of a layout of weights.
std::unique_ptr<Opened> Open(const Tensors& tensors, std::optional<Value::Map> config,
                             const std::string& layout, bool fill_zero = false) {
  auto opened = std::make_unique<Opened>();
  opened->scene.PutAdapter("/lora", tensors, std::move(config));
  opened->library.emplace(opened->scene.files, std::vector<std::string>{"/rules"});
  SourceRequest request;
  request.path = "/lora";
  request.family = "toy";
  request.model_config = Config(Value(ToyConfig()));
  request.fill_zero = fill_zero;
  request.internal = RuleLibrary::Internal::kYes;
  Diagnostics diagnostics;
  opened->source = OpenSource(opened->scene.files, &*opened->library, request, {}, &diagnostics);
  REQUIRE(Findings(diagnostics) == "");
  opened->factors =
      AdapterFactors::Open(opened->scene.files, *opened->source, layout, nullptr, &diagnostics);
  opened->findings = Findings(diagnostics);
  CHECK((opened->factors != nullptr) == opened->findings.empty());
  return opened;
}

TEST_CASE("one pair per stored weight, parts stacked, in the weight's order") {
  const auto opened = Open(ExpertPairs(false), RankConfig(6, 9), "fused");
  REQUIRE(opened->findings == "");
  const AdapterFactors& factors = *opened->factors;
  CHECK(factors.dtype() == Dtype::kF32);
  REQUIRE(factors.weights().size() == 2);
  const AdapterFactors::Weight& gate_up = factors.weights().at("model.layers.1.experts.gate_up");
  CHECK(gate_up.rank == 12);
  CHECK(gate_up.scale == 1.5);
  CHECK_FALSE(gate_up.magnitude.has_value());
  CHECK(factors.KeyOf(*gate_up.a) == "model.layers.1.experts.gate_up:A");
  CHECK(factors.ShapeOf(*gate_up.a) == std::vector<int64_t>{kExperts, 12, kHidden});
  CHECK(factors.ShapeOf(*gate_up.b) == std::vector<int64_t>{kExperts, 10, 12});
  const std::vector<float> a = factors.LoadFloat(*gate_up.a);
  const std::vector<double> b = factors.LoadDouble(*gate_up.b);
  for (int64_t e = 0; e < kExperts; ++e) {
    for (int64_t r = 0; r < 12; ++r) {
      for (int64_t i = 0; i < kHidden; ++i)
        REQUIRE(a[static_cast<size_t>((e * 12 + r) * kHidden + i)] ==
                Code(r < 6 ? kGate : kUp, 1, e, r % 6, i));
      for (int64_t o = 0; o < 10; ++o)
        REQUIRE(b[static_cast<size_t>((e * 10 + o) * 12 + r)] ==
                ((o < kFfn) != (r < 6)
                     ? 0
                     : Code((o < kFfn ? kGate : kUp) + 10, 1, e, o % kFfn, r % 6)));
    }
  }
}

TEST_CASE("F64 factors stay F64; magnitudes, biases and saved weights") {
  Tensors tensors;
  PutPair(&tensors, LayerKey(0) + "v", kTagV, 0, 0, 2, kHidden, kV);
  tensors[LayerKey(0) + "v.lora_A.weight"].dtype = Dtype::kF64;
  tensors[LayerKey(0) + "v.lora_A.weight"].values[0] = 1 + 0x1p-40;
  tensors[LayerKey(0) + "v.lora_B.bias"] = {{kV}, {1, 2, 3, 4}};
  tensors[LayerKey(0) + "v.lora_magnitude_vector"] = {{kV}, {5, 6, 7, 8}};
  tensors[LayerKey(1) + "norm.weight"] = {{kHidden}, {1, 2, 3, 4, 5, 6, 7}, Dtype::kBF16};
  const auto opened = Open(tensors, RankConfig(2, 3), "split");
  REQUIRE(opened->findings == "");
  const AdapterFactors& factors = *opened->factors;
  CHECK(factors.dtype() == Dtype::kF64);
  const AdapterFactors::Weight& v = factors.weights().at("model.layers.0.v.weight");
  CHECK(v.scale == 1.5);
  CHECK(factors.LoadDouble(*v.a)[0] == 1 + 0x1p-40);
  CHECK(factors.LoadFloat(*v.a)[0] == 1);
  CHECK(factors.LoadDouble(*v.bias) == std::vector<double>{1, 2, 3, 4});
  CHECK(factors.LoadDouble(*v.magnitude) == std::vector<double>{5, 6, 7, 8});
  const AdapterFactors::Weight& norm = factors.weights().at("model.layers.1.norm.weight");
  CHECK_FALSE(norm.a.has_value());
  CHECK(factors.LoadFloat(*norm.saved) == std::vector<float>{1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("a scale that nothing says, and a layout that nobody has") {
  Tensors tensors;
  PutPair(&tensors, LayerKey(0) + "v", kTagV, 0, 0, 2, kHidden, kV);
  CHECK(Open(tensors, std::nullopt, "split")->findings ==
        "RR513 `` the scale of the adapter is unknown: adapter_config.json is missing");
  CHECK(Open(tensors, RankConfig(2, 2), "other")->findings ==
        "RR303 `` there is no adapter style `factors` for layout `other`");
}

}  // namespace
}  // namespace rr
