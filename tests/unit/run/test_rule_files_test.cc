#include "run/test_rule_files.h"

#include <doctest/doctest.h>

#include "io/memory_files.h"

namespace rr {
namespace {

std::string Family(const std::string& name, int row) {
  return "rule-runner: 1\nfamily: " + name +
         "\n"
         "axes: {I: inner, H: hidden}\n"
         "layouts: {hub: {}, fused: {}}\n"
         "blocks:\n"
         "  mlp:\n"
         "    tensors: {gate: I <- H, up: I <- H}\n"
         "    layouts:\n"
         "      hub: {gate: 'gate[I H]', up: 'up[I H]'}\n"
         "      fused: {gate_up: '{gate[I] | up[I]} H'}\n"
         "tests:\n"
         "  - {sizes: {I: 10, H: 6}, element: 'mlp.up[7, 5]', fused: [gate_up, " +
         std::to_string(row) + ", 5]}\n";
}

TEST_CASE("results come in the order of the files, whatever the number of threads") {
  MemoryFiles files;
  TestFilesRequest request;
  request.directories = {"/rules"};
  request.seed = 5;
  for (int i = 0; i < 9; ++i) {
    const std::string name = "family" + std::to_string(i);
    files.Put("/rules/" + name + ".yaml", Family(name, i == 4 ? 7 : 17));
    request.paths.push_back("/rules/" + name + ".yaml");
  }
  for (const int jobs : {1, 3, 20}) {
    CAPTURE(jobs);
    request.jobs = jobs;
    std::vector<std::string> paths;
    TestRuleFiles(files, request, [&](const RuleFileResult& result) {
      paths.push_back(result.path);
      CHECK(result.report.elements == 1);
      CHECK(result.report.round_trips == 2);
      CHECK(result.diagnostics.ErrorCount() == (result.path == "/rules/family4.yaml" ? 1 : 0));
    });
    CHECK(paths == request.paths);
  }
}

}  // namespace
}  // namespace rr
