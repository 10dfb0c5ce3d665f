#include "run/golden_tests.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "run/test_rule_files.h"
#include "unit/run/adapter_scene.h"

namespace rr {
namespace {

const std::string kFamily =
    "describes: {model_type: [toy]}\naxes: {L: layers, I: inner, H: hidden}\n"
    "layouts: {hub: {place: {L: 'layers.{L}.'}}, fused: {place: {L: 'l.{L}.'}}}\n"
    "blocks:\n  mlp:\n    tensors: {gate: 'L : I <- H', up: 'L : I <- H'}\n    layouts:\n"
    "      hub: {'{L}gate': 'gate[I H]', '{L}up': 'up[I H]'}\n"
    "      fused: {'{L}both': '{gate[I] | up[I]} H'}\n";

// A model of one layer with I = 2 and H = 3: gate 0 to 5, up 6 to 11.
struct Scene : AdapterScene {
  explicit Scene(const std::string& test) : AdapterScene(kFamily + "tests: [" + test + "]\n") {
    const Value::Map config = {{"model_type", "toy"}, {"layers", 1}, {"inner", 2}, {"hidden", 3}};
    const auto from = [](double first) {
      return Matrix(2, 3, [first](int64_t i, int64_t h) {
        return first + 3 * static_cast<double>(i) + static_cast<double>(h);
      });
    };
    PutModel("/rules/case/in", {{"layers.0.gate", from(0)}, {"layers.0.up", from(6)}}, config);
    PutModel("/rules/case/out",
             {{"l.0.both", Matrix(4, 3,
                                  [](int64_t i, int64_t h) {
                                    return 3 * static_cast<double>(i) + static_cast<double>(h);
                                  })}},
             config);
  }
  void PutOut(const Tensors& tensors) {
    files.Put("/rules/case/out/model.safetensors", SafetensorsOf(tensors));
  }

  std::string Run() {
    TestFilesRequest request;
    request.paths = {"/rules/toy.yaml"};
    request.directories = directories;
    request.round_trips = false;
    std::string findings;
    TestRuleFiles(files, request, [&](const RuleFileResult& result) {
      findings = Findings(result.diagnostics);
      facts = result.report.facts;
    });
    return findings;
  }
  std::vector<std::string> directories{"/rules"};
  size_t facts = 0;
};

const char* kGolden = "{golden: case, from: hub, to: fused}";

TEST_CASE("there and back, byte for byte") {
  Scene scene(kGolden);
  CHECK(scene.Run() == "");
  CHECK(scene.facts == 2);
  Scene elsewhere(kGolden);  // a rule file that lies in none of the folders of rules
  elsewhere.directories = {"/installed"};
  CHECK(elsewhere.Run() == "");
  CHECK(elsewhere.facts == 2);
  Scene one_way("{golden: case, from: hub, to: fused, back: no}");
  CHECK(one_way.Run() == "");
  CHECK(one_way.facts == 1);
}

TEST_CASE("what the system does otherwise") {
  Scene exchanged("{golden: case, from: hub, to: fused, back: no}");
  exchanged.PutOut({{"l.0.both", Matrix(4, 3, [](int64_t i, int64_t h) {
                       return static_cast<double>(3 * ((i + 2) % 4) + h);
                     })}});
  CHECK(exchanged.Run() ==
        "RR901 `case` golden case, hub to fused: l.0.both differs from the golden output, first at "
        "[0, 0]");
  exchanged.PutOut({{"l.0.both", Matrix(4, 3, [](int64_t i, int64_t h) {
                       return static_cast<double>(i == 2 && h == 1 ? 0 : 3 * i + h);
                     })}});
  CHECK(exchanged.Run() ==
        "RR901 `case` golden case, hub to fused: l.0.both differs from the golden output, first at "
        "[2, 1]");
  exchanged.PutOut({{"l.0.fused", Matrix(4, 3, [](int64_t, int64_t) { return 1.0; })}});
  CHECK(exchanged.Run() ==
        "RR901 `case` golden case, hub to fused: l.0.both is written, and the golden output has no "
        "such tensor");
  exchanged.PutOut({{"l.0.both", Matrix(3, 4, [](int64_t, int64_t) { return 1.0; })}});
  CHECK(exchanged.Run() ==
        "RR901 `case` golden case, hub to fused: l.0.both is F32 [4, 3], the golden output has F32 "
        "[3, 4]");
}

TEST_CASE("a conversion that is refused, and what is no golden case") {
  Scene unknown("{golden: case, from: fused, to: hub, back: no}");
  CHECK(unknown.Run().starts_with("RR901 `case` golden case, fused to hub: "));
  Scene nowhere("{golden: no/case, from: hub, to: fused}");
  CHECK(nowhere.Run() == "RR902 `no/case` there is no folder `in` in /rules/no/case");
}

}  // namespace
}  // namespace rr
