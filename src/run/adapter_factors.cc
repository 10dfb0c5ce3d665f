#include "run/adapter_factors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <mutex>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "base/shape.h"
#include "run/box_rows.h"
#include "run/buffer.h"
#include "run/run_step.h"
#include "run/source_reader.h"

namespace rr {
namespace {

// Folded factors are read once per expert: whole tensors are kept for a while.
class CachedReader : public TensorReader {
 public:
  CachedReader(const Files& files, const OpenedSource& source)
      : inner_(ReadTensorsOf(files, source.checkpoint)), source_(source) {}

  void Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const override {
    const std::shared_ptr<const std::vector<std::byte>> bytes = Tensor(index);
    std::memcpy(out.data(), bytes->data() + offset, out.size());
  }

 private:
  using Bytes = std::shared_ptr<const std::vector<std::byte>>;

  Bytes Tensor(uint32_t index) const {
    const std::lock_guard lock(mutex_);
    for (auto at = kept_.begin(); at != kept_.end(); ++at) {
      if (at->first != index) continue;
      kept_.splice(kept_.begin(), kept_, at);
      return kept_.front().second;
    }
    const uint32_t tensor = source_.tensor_of[index];
    auto bytes = std::make_shared<std::vector<std::byte>>(source_.checkpoint.tensors[tensor].size);
    inner_->Read(tensor, 0, *bytes);
    constexpr size_t kKept = 16;
    kept_.emplace_front(index, bytes);
    if (kept_.size() > kKept) kept_.pop_back();
    return bytes;
  }

  std::unique_ptr<TensorReader> inner_;
  const OpenedSource& source_;
  mutable std::mutex mutex_;
  mutable std::list<std::pair<uint32_t, Bytes>> kept_;  // latest first
};

// One tensor's bytes.
class Collector : public TensorWriter {
 public:
  explicit Collector(size_t size) : bytes_(size) {}
  void Write(uint32_t, uint64_t offset, std::span<const std::byte> data) override {
    std::memcpy(bytes_.data() + offset, data.data(), data.size());
  }
  std::vector<std::byte> Take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

template <typename Stored, typename Number>
std::vector<Number> Numbers(const std::vector<std::byte>& bytes) {
  std::vector<Stored> stored(bytes.size() / sizeof(Stored));
  std::memcpy(stored.data(), bytes.data(), bytes.size());
  if constexpr (std::is_same_v<Stored, Number>) {
    return stored;
  } else {
    std::vector<Number> numbers(stored.size());
    std::transform(stored.begin(), stored.end(), numbers.begin(),
                   [](Stored x) { return static_cast<Number>(x); });
    return numbers;
  }
}

}  // namespace

std::unique_ptr<AdapterFactors> AdapterFactors::Open(const Files& files,
                                                     const OpenedSource& adapter,
                                                     const std::string& layout,
                                                     const LayoutChoice* choice,
                                                     Diagnostics* diagnostics) {
  const CheckedLayout* factors = adapter.rules->FindLayout("factors." + layout);
  if (factors == nullptr || !adapter.adapter) {
    diagnostics->Add(Code::kUnknownLayout, {},
                     fmt::format("there is no adapter style `factors` for layout `{}`", layout));
    return nullptr;
  }
  auto made = std::unique_ptr<AdapterFactors>(new AdapterFactors());
  const bool wide = std::any_of(adapter.table.keys.begin(), adapter.table.keys.end(),
                                [](const FoundKey& key) { return key.dtype == Dtype::kF64; });
  made->dtype_ = wide ? Dtype::kF64 : Dtype::kF32;
  ConversionOptions wanted;
  wanted.dtype = made->dtype_;
  // Zeros fill smaller ranks, and scales are folded into B, in the arithmetic of the products.
  wanted.allow_uniform_rank = wanted.allow_lossy = true;
  LoaderNeeds needs;
  needs.choice = choice;
  needs.absent_stays = true;
  std::optional<AdapterConversion> built =
      BuildAdapterConversion(*adapter.bound, *adapter.adapter, adapter.table, *factors, needs,
                             wanted, ReadWholeTensors(files, adapter), diagnostics);
  if (!built) return nullptr;
  made->built_ = std::move(*built);
  const Graph& graph = made->built_.conversion.graph;
  made->plan_ = MakePlan(graph, {}, diagnostics);
  if (diagnostics->HasErrors()) return nullptr;
  made->steps_.resize(graph.destinations.size());
  for (uint32_t s = 0; s < made->plan_.steps.size(); ++s)
    made->steps_[made->plan_.steps[s].destination].push_back(s);
  made->edges_.resize(graph.destinations.size());
  for (uint32_t e = 0; e < graph.edges.size(); ++e)
    made->edges_[graph.edges[e].destination].push_back(e);
  made->reader_ = std::make_unique<CachedReader>(files, adapter);

  made->IndexWeights(*adapter.rules, *factors);
  return made->TakeScales(diagnostics) ? std::move(made) : nullptr;
}

void AdapterFactors::IndexWeights(const CheckedRules& rules, const CheckedLayout& factors) {
  const Graph& graph = built_.conversion.graph;
  const BoundLayout& bound = built_.conversion.destination;
  std::map<std::string, uint32_t> by_key;
  for (uint32_t i = 0; i < graph.destinations.size(); ++i) by_key[graph.destinations[i].key] = i;
  for (const BoundTensor& tensor : bound.tensors) {
    const uint32_t i = by_key.at(tensor.key);
    Weight& weight = weights_[WeightKey(factors, bound.choice, tensor)];
    const CheckedEntry& entry = factors.entries[static_cast<size_t>(tensor.entry)];
    const auto t = static_cast<size_t>(entry.leaves[0].tensor);
    switch (rules.tensors[t].factor) {
      case Factor::kA:
        weight.a = i;
        break;
      case Factor::kB:
        weight.b = i;
        break;
      case Factor::kMagnitude:
        weight.magnitude = i;
        break;
      case Factor::kBias:
        weight.bias = i;
        break;
      default:
        weight.saved = i;
    }
  }
}

bool AdapterFactors::TakeScales(Diagnostics* diagnostics) {
  for (const AdaptedModule& module : built_.modules) {
    Weight& weight = weights_[module.weight];
    weight.rank = module.rank;
    if (!module.scale) {
      diagnostics
          ->Add(Code::kUnknownScale, {},
                "the scale of the adapter is unknown: adapter_config.json is missing")
          .help = "give it beside the tensors, or --alpha";
      return false;
    }
    weight.scale = *module.scale;
  }
  return true;
}

const std::vector<int64_t>& AdapterFactors::ShapeOf(uint32_t tensor) const {
  return built_.conversion.graph.destinations[tensor].shape;
}
const std::string& AdapterFactors::KeyOf(uint32_t tensor) const {
  return built_.conversion.graph.destinations[tensor].key;
}

std::vector<bool> AdapterFactors::PresenceOf(uint32_t tensor) const {
  const Graph& graph = built_.conversion.graph;
  int64_t missing = graph.destinations[tensor].Count();
  for (const uint32_t e : edges_[tensor]) {
    if (graph.edges[e].kind == EdgeKind::kCopy) missing -= graph.edges[e].copy.Count();
  }
  if (missing == 0) return {};
  std::vector<bool> present(static_cast<size_t>(graph.destinations[tensor].Count()), false);
  for (const uint32_t e : edges_[tensor]) {
    const StridedCopy& copy = graph.edges[e].copy;
    ForEachIndex(copy.dims, copy.src_start, copy.dst_start,
                 [&](int64_t, int64_t at) { present[static_cast<size_t>(at)] = true; });
  }
  return present;
}

std::vector<std::byte> AdapterFactors::Load(uint32_t tensor) const {
  const GraphTensor& wanted = built_.conversion.graph.destinations[tensor];
  Collector collector(ByteCount(wanted.shape, wanted.dtype));
  Buffer read(plan_.largest_read), write(plan_.largest_write);
  for (const uint32_t step : steps_[tensor]) {
    // Copies were compared when the ranks were joined.
    if (RunStep(plan_, plan_.steps[step], *reader_, collector, read.data(), write.data()))
      throw std::logic_error("factors that were equal differ: " + wanted.key);
  }
  return collector.Take();
}

template <typename Number>
std::vector<Number> AdapterFactors::LoadAs(uint32_t tensor) const {
  const std::vector<std::byte> bytes = Load(tensor);
  return dtype_ == Dtype::kF64 ? Numbers<double, Number>(bytes) : Numbers<float, Number>(bytes);
}

std::vector<double> AdapterFactors::LoadDouble(uint32_t tensor) const {
  return LoadAs<double>(tensor);
}
std::vector<float> AdapterFactors::LoadFloat(uint32_t tensor) const {
  return LoadAs<float>(tensor);
}

}  // namespace rr
