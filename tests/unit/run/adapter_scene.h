// Models and adapters of the toy family as files in memory, converted and merged by whole commands.
#ifndef RULE_RUNNER_TESTS_UNIT_RUN_ADAPTER_SCENE_H_
#define RULE_RUNNER_TESTS_UNIT_RUN_ADAPTER_SCENE_H_

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "io/checkpoint.h"
#include "io/json.h"
#include "io/memory_files.h"
#include "run/merge.h"
#include "unit/tensor_values.h"
#include "unit/toy_adapters.h"

namespace rr {

inline std::string SafetensorsOf(const Tensors& tensors) {
  std::string header = "{", data;
  for (const auto& [name, tensor] : tensors) {
    const std::vector<std::byte> bytes = BytesOf(tensor);
    header += fmt::format(R"({}"{}":{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                          header.size() > 1 ? "," : "", name, NameOf(tensor.dtype),
                          fmt::join(tensor.shape, ","), data.size(), data.size() + bytes.size());
    data.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  header += "}";
  while (header.size() % 8 != 0) header += ' ';
  std::string text;
  for (size_t i = 0, n = header.size(); i < 8; ++i, n >>= 8) text += static_cast<char>(n & 0xff);
  return text + header + data;
}

// What a checkpoint holds, by key.
inline Tensors TensorsAt(const Files& files, const std::string& path) {
  Diagnostics diagnostics;
  const auto checkpoint = OpenCheckpoint(files, path, &diagnostics);
  REQUIRE(checkpoint.has_value());
  const auto reader = ReadTensorsOf(files, *checkpoint);
  Tensors tensors;
  for (uint32_t i = 0; i < checkpoint->tensors.size(); ++i) {
    const StoredTensor& tensor = checkpoint->tensors[i];
    std::vector<std::byte> bytes(tensor.size);
    reader->Read(i, 0, bytes);
    tensors[tensor.name] = TensorOf(tensor.shape, tensor.dtype, bytes.data());
  }
  return tensors;
}

struct AdapterScene {
  AdapterScene(const std::string& family = kToyFamily, const std::string& styles = kToyStyles) {
    files.Put("/rules/toy.yaml", WithHeader(family));
    files.Put("/rules/adapters/styles.yaml", styles);
  }

  void PutModel(const std::string& path, const Tensors& tensors, const Value::Map& config) {
    files.Put(path + "/model.safetensors", SafetensorsOf(tensors));
    files.Put(path + "/config.json", ToJson(Value(config)));
  }
  // The model's config lies in /model.json.
  void PutAdapter(const std::string& path, const Tensors& tensors,
                  const std::optional<Value::Map>& config) {
    files.Put(path + "/adapter_model.safetensors", SafetensorsOf(tensors));
    if (config) files.Put(path + "/adapter_config.json", ToJson(Value(*config)));
  }

  Tensors Read(const std::string& path) const { return TensorsAt(files, path); }

  // The findings; errors and warnings.
  std::string Convert(const ConvertRequest& request) {
    files.RemoveAll(request.destination);
    RuleLibrary library(files, {"/rules"});
    Diagnostics diagnostics;
    report = rr::Convert(files, &library, request, &diagnostics);
    CHECK(report.has_value() == !diagnostics.HasErrors());
    return Findings(diagnostics);
  }
  std::string Merge(const MergeRequest& request) {
    files.RemoveAll(request.base.destination);
    RuleLibrary library(files, {"/rules"});
    Diagnostics diagnostics;
    report = rr::Merge(files, &library, request, &diagnostics);
    CHECK(report.has_value() == !diagnostics.HasErrors());
    return Findings(diagnostics);
  }

  MemoryFiles files;
  std::optional<RunReport> report;
};

}  // namespace rr

#endif  // RULE_RUNNER_TESTS_UNIT_RUN_ADAPTER_SCENE_H_
