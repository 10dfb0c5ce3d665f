// Weights written by the real systems' own code: rule-runner must write the same bytes, and read
// them back. golden_case.h says what a case is.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "golden_case.h"
#include "tensor_file.h"
#include "tensor_parallel.h"

namespace rr::golden {
namespace {

void CheckBack(Scene& scene, const GoldenCase& golden, bool reference) {
  ConvertRequest request = RequestFor(golden, "/case/out.safetensors", true);
  request.destination = "/back.safetensors";
  request.reference_engine = reference;
  MustConvert(scene.files, golden, request);
  if (golden.way_back == Back::kSame) {
    CheckSame(LoadTensors(scene.files, "/back.safetensors"),
              LoadTensors(scene.files, "/case/in.safetensors"), golden.back);
    return;
  }
  request = RequestFor(golden, "/back.safetensors", false);
  request.destination = "/again.safetensors";
  request.reference_engine = reference;
  MustConvert(scene.files, golden, request);
  CHECK(LoadTensors(scene.files, "/back.safetensors") !=
        LoadTensors(scene.files, "/case/in.safetensors"));
  CheckSame(LoadTensors(scene.files, "/again.safetensors"),
            LoadTensors(scene.files, "/case/out.safetensors"));
}

TEST_CASE("the bytes of the real systems") {
  for (const GoldenCase& golden : ReadCases()) {
    if (!golden.IsWeights()) continue;
    REQUIRE(!golden.wrong);
    CAPTURE(golden.name);
    Scene scene(golden);
    if (golden.kind == "convert-ranks") {
      const int64_t vocabulary = *scene.about.Find("config")->Find("vocab_size")->AsInt();
      scene.files.Put("/case/in.safetensors",
                      FileOf(JoinedRanks(RanksOf(scene.files), vocabulary)));
    }
    for (const bool reference : {false, true}) {
      CAPTURE(reference);
      ConvertRequest request = RequestFor(golden, "/case/in.safetensors", false);
      request.destination = "/got.safetensors";
      request.reference_engine = reference;
      MustConvert(scene.files, golden, request);
      CheckSame(LoadTensors(scene.files, "/got.safetensors"),
                LoadTensors(scene.files, "/case/out.safetensors"));
      if (golden.way_back != Back::kNone) CheckBack(scene, golden, reference);
    }
  }
}

// A dense model's fc1, which the recorded ranks do not have: gate 0 and 1, up 2 and 3.
TEST_CASE("ranks that hold halves of gate and of up are joined half by half") {
  const auto rank = [](std::vector<std::byte> rows) {
    const auto n = static_cast<int64_t>(rows.size()) / 4;
    return Tensors{{"decoder.layers.0.mlp.linear_fc1.weight", {Dtype::kF32, {n, 1}, rows}}};
  };
  const auto rows = [](std::vector<uint8_t> firsts) {
    std::vector<std::byte> bytes(firsts.size() * 4);
    for (size_t i = 0; i < firsts.size(); ++i) bytes[i * 4] = std::byte{firsts[i]};
    return bytes;
  };
  CHECK(JoinedRanks({rank(rows({0, 2})), rank(rows({1, 3}))}, 5) == rank(rows({0, 1, 2, 3})));
}

TEST_CASE("every folder of a case is listed once") {
  std::map<std::string, int> listed;
  for (const GoldenCase& golden : ReadCases()) ++listed[golden.name];
  std::map<std::string, int> present;
  for (const std::string& system : RealFiles().List(kFolder + "cases")) {
    for (const std::string& name : RealFiles().List(kFolder + "cases/" + system))
      present[system + "/" + name] = 1;
  }
  CHECK(listed == present);
}

}  // namespace
}  // namespace rr::golden
