#include "run/merged_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "run/source_reader.h"
#include "unit/bind/adapter_case.h"
#include "unit/run/adapter_scene.h"

namespace rr {
namespace {

// A base and an adapter of gate in all experts of layer 1, and the reader of their sum.
struct Scene : AdapterScene {
  explicit Scene(const std::string& layout, const Tensors& base_tensors,
                 std::vector<double> weights = {1}) {
    PutModel("/base", base_tensors, ToyConfig());
    Tensors pairs;
    for (int64_t e = 0; e < kExperts; ++e)
      PutPair(&pairs, ExpertKey(1, e, "gate"), kGate, 1, e, 6, kHidden, kFfn);
    PutAdapter("/lora", pairs, RankConfig(6, 3));
    library.emplace(files, std::vector<std::string>{"/rules"});
    Diagnostics diagnostics;
    SourceRequest request;
    request.path = "/base";
    request.from = layout;
    SourceOptions missing;
    missing.allow_missing = true;
    base = OpenSource(files, &*library, request, missing, &diagnostics);
    request = {};
    request.path = "/lora";
    request.family = "toy";
    request.model_config = Config(Value(ToyConfig()));
    request.fill_zero = true;
    request.internal = RuleLibrary::Internal::kYes;
    adapter = OpenSource(files, &*library, request, {}, &diagnostics);
    REQUIRE_FALSE(diagnostics.HasErrors());
    factors =
        AdapterFactors::Open(files, *adapter, layout, &base->bound->layout.choice, &diagnostics);
    REQUIRE(factors != nullptr);
    std::vector<WeightedAdapter> adapters;
    for (const double weight : weights) adapters.push_back({factors.get(), weight, "lora"});
    reader =
        MergedReader::Create(*base,
                             std::make_unique<SourceReader>(ReadTensorsOf(files, base->checkpoint),
                                                            base->tensor_of, std::vector<double>()),
                             std::move(adapters), &diagnostics);
    findings = Findings(diagnostics);
  }

  Tensor Read(const std::string& key) const {
    const uint32_t index = base->table.by_name.at(key);
    const FoundKey& found = base->table.keys[index];
    int64_t count = 1;
    for (const int64_t n : *found.shape) count *= n;
    std::vector<std::byte> bytes(static_cast<size_t>(count * BitsOf(*found.dtype) / 8));
    reader->Read(index, 0, bytes);
    return TensorOf(*found.shape, *found.dtype, bytes.data());
  }

  std::optional<RuleLibrary> library;
  std::optional<OpenedSource> base, adapter;
  std::unique_ptr<AdapterFactors> factors;
  std::unique_ptr<MergedReader> reader;
  std::string findings;
};

double Delta(int64_t e, int64_t o, int64_t i) {
  double sum = 0;
  for (int64_t r = 0; r < 6; ++r) sum += Code(kGate + 10, 1, e, o, r) * Code(kGate, 1, e, r, i);
  return sum;
}

// As `stack` stores it: E L H I, outputs last.
Tensors Stack(Dtype dtype) {
  Tensors tensors;
  Tensor& gate = tensors["stack.gate.kernel"] = {{kExperts, kLayers, kHidden, kFfn}, {}, dtype};
  for (int64_t i = 0; i < kExperts * kLayers * kHidden * kFfn; ++i)
    gate.values.push_back(static_cast<double>(i % 97));
  tensors["stack.up.kernel"] = gate;
  tensors["stack.down.kernel"] = {{kExperts, kLayers, kFfn, kHidden}, gate.values, dtype};
  return tensors;
}

TEST_CASE("a stack with outputs last: every expert and layer gets its own product") {
  const Tensors base = Stack(Dtype::kF64);
  const Scene scene("stack", base);
  REQUIRE(scene.findings == "");
  Tensor expected = base.at("stack.gate.kernel");
  for (int64_t e = 0, at = 0; e < kExperts; ++e) {
    for (int64_t l = 0; l < kLayers; ++l) {
      for (int64_t i = 0; i < kHidden; ++i) {
        for (int64_t o = 0; o < kFfn; ++o, ++at) {
          if (l == 1) expected.values[static_cast<size_t>(at)] += Delta(e, o, i) / 2;
        }
      }
    }
  }
  CHECK(scene.Read("stack.gate.kernel") == expected);
  // What no adapter touches passes through.
  CHECK(scene.Read("stack.up.kernel") == base.at("stack.up.kernel"));
  CHECK(scene.reader->TouchedCount() == 1);
  double largest = 0;
  for (int64_t e = 0; e < kExperts; ++e) {
    for (int64_t i = 0; i < kHidden; ++i) {
      for (int64_t o = 0; o < kFfn; ++o) largest = std::max(largest, Delta(e, o, i) / 2);
    }
  }
  CHECK(scene.reader->LargestChanges() ==
        std::map<std::string, double>{{"stack.gate.kernel", largest}});
}

TEST_CASE("any part of a tensor, also one that cuts elements, has the bytes of the whole") {
  for (const Dtype dtype : {Dtype::kF32, Dtype::kBF16, Dtype::kF64}) {
    const Scene scene("stack", Stack(dtype));
    REQUIRE(scene.findings == "");
    CHECK(scene.reader->LargestChanges().empty());  // nothing was read
    const uint32_t index = scene.base->table.by_name.at("stack.gate.kernel");
    const std::vector<std::byte> whole = BytesOf(scene.Read("stack.gate.kernel"));
    for (const size_t first : {size_t{0}, size_t{1}, size_t{7}, size_t{333}, whole.size() - 3}) {
      for (const size_t count : {size_t{1}, size_t{2}, size_t{19}, size_t{100}, whole.size()}) {
        const size_t n = std::min(count, whole.size() - first);
        std::vector<std::byte> part(n);
        scene.reader->Read(index, first, part);
        CHECK(std::equal(part.begin(), part.end(), whole.begin() + static_cast<int64_t>(first)));
      }
    }
  }
}

TEST_CASE("adapters add up, with their weights, before the one rounding") {
  const Tensors base = Stack(Dtype::kF64);
  const Scene scene("stack", base, {0.5, -2, 1.25});
  REQUIRE(scene.findings == "");
  const size_t at = static_cast<size_t>(((2 * kLayers + 1) * kHidden + 3) * kFfn + 4);
  CHECK(scene.Read("stack.gate.kernel").values[at] ==
        base.at("stack.gate.kernel").values[at] - 0.25 * Delta(2, 4, 3) / 2);
}

}  // namespace
}  // namespace rr
