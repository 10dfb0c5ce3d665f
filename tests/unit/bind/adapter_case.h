// An adapter of the toy family, bound in one layout.
#ifndef RULE_RUNNER_TESTS_UNIT_BIND_ADAPTER_CASE_H_
#define RULE_RUNNER_TESTS_UNIT_BIND_ADAPTER_CASE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bind/adapter_source.h"
#include "unit/tensor_values.h"
#include "unit/toy_adapters.h"

namespace rr {

struct AdapterCase {
  RulesOf rules;
  KeyTable table;
  std::vector<std::vector<std::byte>> bytes;  // by index in the table
  std::optional<BoundSource> source;
  std::optional<AdapterSource> adapter;
  std::string findings;
};

inline AdapterCase BindAdapter(const std::string& layout, const Tensors& tensors,
                               std::optional<Value::Map> adapter_config = Value::Map(),
                               const AdapterSourceOptions& options = {},
                               Value::Map model_config = ToyConfig()) {
  static const RulesOf rules = GoodAdapters();
  AdapterCase made;
  made.rules = rules;
  std::vector<FoundKey> keys;
  for (const auto& [name, tensor] : tensors) {
    keys.push_back({name, tensor.shape, tensor.dtype});
    made.bytes.push_back(BytesOf(tensor));
  }
  made.table = MakeKeyTable(std::move(keys));
  Diagnostics diagnostics;
  const CheckedLayout* found = rules->FindLayout(layout);
  REQUIRE(found != nullptr);
  made.source = BindSource(*rules, *found, Config(Value(std::move(model_config))), {}, made.table,
                           {}, &diagnostics);
  if (made.source && !diagnostics.HasErrors()) {
    Config config = adapter_config ? Config(Value(std::move(*adapter_config))) : Config();
    auto read = AdapterConfig::Read(config, "adapter_config.json", &diagnostics);
    if (read)
      made.adapter = ReadAdapterSource(*made.source, std::move(*read), options, &diagnostics);
  }
  made.findings = Findings(diagnostics);
  return made;
}

// Element [i, j] of a factor of a slice: a whole number that says where it belongs.
inline double Code(int tag, int64_t l, int64_t e, int64_t i, int64_t j) {
  return static_cast<double>((((tag * kLayers + l) * kExperts + e) * 16 + i) * 16 + j);
}

// The factors of one linear under `key`, as `pair` stores them.
inline void PutPair(Tensors* tensors, const std::string& key, int tag, int64_t l, int64_t e,
                    int64_t rank, int64_t in, int64_t out, int tag_of_a = 0) {
  (*tensors)[key + ".lora_A.weight"] = Matrix(rank, in, [&](int64_t r, int64_t c) {
    return Code(tag_of_a == 0 ? tag : tag_of_a, l, e, r, c);
  });
  (*tensors)[key + ".lora_B.weight"] =
      Matrix(out, rank, [&](int64_t r, int64_t c) { return Code(tag + 10, l, e, r, c); });
}

inline constexpr int kGate = 1, kUp = 2, kDown = 3, kTagQ = 4, kTagV = 5;

inline std::string LayerKey(int64_t l) {
  return fmt::format("base_model.model.model.layers.{}.", l);
}
inline std::string ExpertKey(int64_t l, int64_t e, const std::string& name) {
  return fmt::format("{}experts.{}.{}", LayerKey(l), e, name);
}

// gate, up and down of every expert of layer 1 with rank 6, as `pair` stores them.
inline Tensors ExpertPairs(bool one_a) {
  Tensors tensors;
  for (int64_t e = 0; e < kExperts; ++e) {
    PutPair(&tensors, ExpertKey(1, e, "gate"), kGate, 1, e, 6, kHidden, kFfn);
    PutPair(&tensors, ExpertKey(1, e, "up"), kUp, 1, e, 6, kHidden, kFfn, one_a ? kGate : 0);
    PutPair(&tensors, ExpertKey(1, e, "down"), kDown, 1, e, 6, kFfn, kHidden);
  }
  return tensors;
}

inline Value::Map RankConfig(int rank, int alpha) { return {{"r", rank}, {"lora_alpha", alpha}}; }

}  // namespace rr

#endif  // RULE_RUNNER_TESTS_UNIT_BIND_ADAPTER_CASE_H_
