// Weights written by the real systems' own code: rule-runner must write the same bytes, and read
// them back. golden_case.h says what a case is.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "golden_case.h"

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
