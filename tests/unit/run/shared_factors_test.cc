// Layouts that store a factor once for all experts, and adapters whose experts differ there.
#include <doctest/doctest.h>

#include <string>

#include "unit/bind/adapter_case.h"
#include "unit/run/adapter_scene.h"

namespace rr {
namespace {

// Experts share A of gate and up, and nothing else.
const std::string kOuter = R"(
  outer:
    base: split
    prefixes: {p: ["outer.", ""]}
    rank: tensors
    modules:
      - of: '(.*experts)\.\{E\}\.(gate|up)\.weight'
        keys: {'{p}\1.\2.A': {is: R IN, replicate: E}, '{p}\1.{E}.\2.B': OUT R}
    partial: gate and up only
)";

struct OuterScene : AdapterScene {
  OuterScene() : AdapterScene(kToyFamily, kToyStyles + kOuter) {
    files.Put("/model.json", ToJson(Value(ToyConfig())));
    request.source.path = "/lora";
    request.source.config = "/model.json";
    request.destination = "/out";
    request.to = "outer";
  }
  // Gate and up of every expert of layer 1: one A for all, or expert `odd` with its own A of up.
  void Put(int64_t odd, Value::Map config = {{"r", 6}, {"lora_alpha", 6}}) {
    Tensors pairs;
    for (int64_t e = 0; e < kExperts; ++e) {
      PutPair(&pairs, ExpertKey(1, e, "gate"), kGate, 1, e, 6, kHidden, kFfn);
      PutPair(&pairs, ExpertKey(1, e, "up"), kUp, 1, e, 6, kHidden, kFfn);
      const std::string a = ".lora_A.weight";
      pairs[ExpertKey(1, e, "gate") + a] = pairs[ExpertKey(1, 0, "gate") + a];
      if (e != odd) pairs[ExpertKey(1, e, "up") + a] = pairs[ExpertKey(1, 0, "up") + a];
    }
    PutAdapter("/lora", pairs, std::move(config));
  }
  ConvertRequest request;
};

TEST_CASE("experts that share a factor are stored with one") {
  OuterScene scene;
  scene.Put(-1);
  REQUIRE(scene.Convert(scene.request) == "");
  const Tensors made = scene.Read("/out");
  CHECK(made.size() == 8);
  CHECK(made.at("outer.model.layers.1.experts.up.A") ==
        Matrix(6, kHidden, [](int64_t r, int64_t i) { return Code(kUp, 1, 0, r, i); }));
  CHECK(made.at("outer.model.layers.1.experts.2.up.B") ==
        Matrix(kFfn, 6, [](int64_t o, int64_t r) { return Code(kUp + 10, 1, 2, o, r); }));
}

TEST_CASE("experts that differ: which, where, and what has place for them") {
  OuterScene scene;
  scene.Put(2);
  scene.request.dry_run = true;
  scene.files.RemoveAll("/out");
  RuleLibrary library(scene.files, {"/rules"});
  Diagnostics diagnostics;
  CHECK_FALSE(Convert(scene.files, &library, scene.request, &diagnostics).has_value());
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(Findings(diagnostics) ==
        "RR504 `outer` `outer` stores one A of experts.up for all of E, and those of the adapter "
        "differ: experts.up at layer 1, expert 0 and experts.up at layer 1, expert 2 "
        "(base_model.model.model.layers.1.experts.0.up.lora_A.weight, "
        "base_model.model.model.layers.1.experts.2.up.lora_A.weight)");
  CHECK(diagnostics.all()[0].help ==
        "an adapter has one only if it was trained so; these layouts hold a pair for each: pair, "
        "folded, direct, parts, stacked and sharing");
  // What is not written need not be equal.
  scene.request.dry_run = false;
  scene.request.conversion.only = "gate";
  CHECK(scene.Convert(scene.request) == "");
  CHECK(scene.Read("/out").size() == 4);
}

TEST_CASE("experts that differ within one stored tensor: its key stands once") {
  OuterScene scene;
  scene.Put(1);
  ConvertRequest fold = scene.request;
  fold.to = "folded";
  fold.destination = "/folded";
  fold.conversion.fuse = FuseMode::kBlockDiagonal;
  fold.conversion.fill_zero = fold.source.fill_zero = true;
  REQUIRE(scene.Convert(fold) == "");
  scene.request.source.path = "/folded";
  CHECK(scene.Convert(scene.request)
            .ends_with("experts.up at layer 1, expert 0 and experts.up at layer 1, expert 1 "
                       "(base_model.model.model.layers.1.experts.gate_up.lora_A.weight)"));
}

}  // namespace
}  // namespace rr
