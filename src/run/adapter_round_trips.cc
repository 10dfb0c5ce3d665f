#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "bind/adapter_source.h"
#include "plan/adapter_conversion.h"
#include "run/reference.h"
#include "run/rule_tests.h"
#include "run/test_models.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

using Bytes = std::vector<std::vector<std::byte>>;

// An adapter in memory, all F32.
struct Adapter {
  KeyTable table;
  Bytes tensors;
  Config config;
  bool exact = true;
};

// Deltas by slice, row by row.
using Deltas = std::map<SliceKey, std::vector<double>>;

class RoundTrips {
 public:
  RoundTrips(const CheckedRules& rules, uint64_t seed, RuleTestReport* report,
             Diagnostics* diagnostics)
      : rules_(rules), random_(seed), seed_(seed), report_(report), diagnostics_(diagnostics) {}

  void Run() {
    for (TestModel& model : MakeTestModels(rules_, &random_, diagnostics_)) {
      model_ = std::move(model);
      for (const CheckedLayout& from : rules_.layouts) {
        if (from.IsInternal()) continue;
        for (const CheckedLayout& to : rules_.layouts) {
          if (&to != &from && !to.IsInternal()) Pair(from, to);
        }
      }
    }
  }

 private:
  void Pair(const CheckedLayout& from, const CheckedLayout& to) {
    const Model model(rules_, model_.config, model_.sizes);
    Diagnostics unmet;
    model.CheckRequirements(from, &unmet);
    model.CheckRequirements(to, &unmet);
    if (unmet.HasErrors()) {
      ++report_->skipped;
      return;
    }
    const std::optional<Adapter> first = Make(model, from, to);
    if (!first || first->table.keys.empty()) return;
    const std::optional<Deltas> deltas = DeltasOf(*first, from);
    const std::optional<Adapter> there = Convert(*first, from, to);
    if (!there || !deltas) return;
    const std::optional<Deltas> their_deltas = DeltasOf(*there, to);
    const std::optional<Adapter> back = Convert(*there, to, from);
    if (!their_deltas || !back) return;
    const std::optional<Deltas> back_deltas = DeltasOf(*back, from);
    if (!back_deltas) return;
    ++report_->adapter_round_trips;
    // A value word (a query scale) is part of what the other layout stores.
    const bool exact = there->exact && back->exact;
    const std::string changed = exact ? Difference(*deltas, *their_deltas, 0) : "";
    const std::string lost = Difference(*deltas, *back_deltas, exact ? 0 : 1e-5);
    if (!changed.empty()) Fail(from, to, "the deltas change: " + changed);
    if (!lost.empty()) Fail(from, to, "the deltas do not come back: " + lost);
  }

  // The first slice that differs; empty when none does. What only one of them has must be zero:
  // --fill zero made it.
  std::string Difference(const Deltas& before, const Deltas& after, double tolerance) const {
    std::set<SliceKey> slices;
    for (const auto& [slice, values] : before) slices.insert(slice);
    for (const auto& [slice, values] : after) slices.insert(slice);
    for (const SliceKey& slice : slices) {
      const auto x = before.find(slice), y = after.find(slice);
      const size_t count = x != before.end() ? x->second.size() : y->second.size();
      if (x != before.end() && y != after.end() && y->second.size() != count)
        return fmt::format("{} has another size", SliceName(rules_, slice));
      for (size_t i = 0; i < count; ++i) {
        const double was = x == before.end() ? 0 : x->second[i];
        const double is = y == after.end() ? 0 : y->second[i];
        if (std::fabs(is - was) <= tolerance * std::max(1.0, std::fabs(was))) continue;
        return fmt::format("{}, element {}: {} was {}", SliceName(rules_, slice), i, is, was);
      }
    }
    return "";
  }

  // Factors of what both layouts store, with small whole numbers.
  static constexpr int64_t kRank = 2;

  std::optional<Adapter> Make(const Model& model, const CheckedLayout& from,
                              const CheckedLayout& to) {
    InstantiateOptions options;
    options.rank_of = [](const std::string&) { return std::optional<int64_t>(kRank); };
    const std::optional<BoundLayout> bound =
        Instantiate(model, from, DefaultChoice(from), options, diagnostics_);
    if (!bound) return std::nullopt;
    const std::set<int> theirs = WeightsOf(to);
    Adapter adapter;
    std::vector<FoundKey> keys;
    for (const BoundTensor& tensor : bound->tensors) {
      const CheckedEntry& entry = from.entries[static_cast<size_t>(tensor.entry)];
      if (!HasRank(entry)) continue;
      const bool both = std::all_of(
          entry.leaves.begin(), entry.leaves.end(),
          [&](const auto& leaf) { return theirs.count(WeightOf(rules_, leaf.tensor)) > 0; });
      // A table that a partial one of the other layout stands against is left out whole.
      if (!both) left_out_.insert(entry.block);
      keys.push_back({tensor.key, tensor.shape, Dtype::kF32});
      block_of_[tensor.key] = entry.block;
    }
    std::erase_if(keys,
                  [&](const FoundKey& key) { return left_out_.count(block_of_.at(key.name)) > 0; });
    left_out_.clear();
    adapter.table = MakeKeyTable(std::move(keys));
    // One A for all, or as many as there are tensors.
    const bool one_a = random_() % 2 == 0;
    std::uniform_int_distribution<int> value(-3, 3);
    for (const FoundKey& key : adapter.table.keys) {
      size_t count = 1;
      for (const int64_t extent : *key.shape) count *= static_cast<size_t>(extent);
      std::vector<float> values(count);
      std::mt19937 own(one_a ? 7 : static_cast<uint32_t>(random_()));
      for (float& x : values) x = static_cast<float>(value(own));
      std::vector<std::byte> bytes(count * sizeof(float));
      std::memcpy(bytes.data(), values.data(), bytes.size());
      adapter.tensors.push_back(std::move(bytes));
    }
    adapter.config = Config(Value(Value::Map{{"r", kRank}, {"lora_alpha", 2 * kRank}}));
    return adapter;
  }

  // The weights whose factors a layout stores, in the alternative that is written.
  std::set<int> WeightsOf(const CheckedLayout& layout) const {
    std::set<int> weights;
    for (const CheckedEntry& entry : layout.entries) {
      for (const CheckedLeaf& leaf : entry.leaves) {
        if (rules_.tensors[static_cast<size_t>(leaf.tensor)].factor == Factor::kA)
          weights.insert(WeightOf(rules_, leaf.tensor));
      }
    }
    return weights;
  }

  struct Opened {
    BoundSource bound;
    AdapterSource adapter;
  };

  std::optional<Opened> Open(const Adapter& adapter, const CheckedLayout& layout) {
    const size_t errors = diagnostics_->ErrorCount();
    std::optional<BoundSource> bound =
        BindSource(rules_, layout, model_.config, model_.sizes, adapter.table, {}, diagnostics_);
    std::optional<AdapterConfig> config =
        AdapterConfig::Read(adapter.config, "adapter_config.json", diagnostics_);
    if (!bound || !config || diagnostics_->ErrorCount() > errors) return std::nullopt;
    std::optional<AdapterSource> read = ReadAdapterSource(*bound, *config, {}, diagnostics_);
    if (!read) return std::nullopt;
    return Opened{std::move(*bound), std::move(*read)};
  }

  std::optional<Adapter> Convert(const Adapter& adapter, const CheckedLayout& from,
                                 const CheckedLayout& to) {
    const std::optional<Opened> opened = Open(adapter, from);
    if (!opened) return std::nullopt;
    ConversionOptions options;
    options.allow_uniform_rank = options.allow_lossy = options.fill_zero = true;
    options.allow_partial = true;  // zeros that were filled in on the way there
    LoaderNeeds needs;
    needs.uniform = to.style->uniform;
    const std::optional<AdapterConversion> built = BuildAdapterConversion(
        opened->bound, opened->adapter, adapter.table, to, needs, options,
        [&](uint32_t key) { return adapter.tensors[key]; }, diagnostics_);
    if (!built) return std::nullopt;
    const Graph& graph = built->conversion.graph;
    Bytes tensors;
    std::vector<FoundKey> keys;
    for (const GraphTensor& tensor : graph.destinations) {
      tensors.emplace_back(static_cast<size_t>(tensor.Count()) * sizeof(float));
      keys.push_back({tensor.key, tensor.shape, tensor.dtype});
    }
    MemoryTensors written(std::move(tensors));
    // A layout that stores one factor for several refuses an adapter that has different ones.
    Diagnostics differ;
    ExecuteReference(graph, MemoryTensors(adapter.tensors), written, &differ);
    if (differ.HasErrors()) {
      ++report_->skipped;
      return std::nullopt;
    }
    Adapter result;
    result.exact = built->conversion.lossy.empty();
    result.table = MakeKeyTable(std::move(keys));
    result.tensors = written.tensors();
    // Ranks and alphas of the modules, as patterns of their whole names.
    Value::Map ranks, alphas;
    for (const AdaptedModule& module : built->modules) {
      std::string name = module.weight;
      if (!module.parameter && name.ends_with(".weight")) name.resize(name.size() - 7);
      std::string pattern = "\\Q" + name + "\\E";
      ranks.push_back({pattern, module.rank});
      const double alpha = module.scale.value_or(0) * static_cast<double>(module.rank);
      alphas.push_back({pattern, alpha});
    }
    const Value usual_rank = ranks.empty() ? Value(1) : ranks[0].second;
    const Value usual_alpha = alphas.empty() ? Value(1) : alphas[0].second;
    result.config = Config(Value(Value::Map{{"r", usual_rank},
                                            {"lora_alpha", usual_alpha},
                                            {"rank_pattern", std::move(ranks)},
                                            {"alpha_pattern", std::move(alphas)}}));
    return result;
  }

  std::optional<Deltas> DeltasOf(const Adapter& adapter, const CheckedLayout& layout) {
    const std::optional<Opened> opened = Open(adapter, layout);
    if (!opened) return std::nullopt;
    Deltas deltas;
    for (const auto& [slice, facts] : opened->adapter.facts) {
      const SlicePieces& pieces = opened->adapter.sliced.slices.at(slice);
      const std::vector<float> a = Gather(*opened, adapter, pieces.a);  // rank, input
      const std::vector<float> b = Gather(*opened, adapter, pieces.b);  // rank, output
      const auto rank = static_cast<size_t>(facts.rank);
      const size_t in = a.size() / rank, out = b.size() / rank;
      std::vector<double> delta(in * out, 0);
      for (size_t r = 0; r < rank; ++r) {
        for (size_t o = 0; o < out; ++o) {
          for (size_t i = 0; i < in; ++i)
            delta[o * in + i] += static_cast<double>(b[r * out + o]) * a[r * in + i];
        }
      }
      const double scale = opened->adapter.ScaleOf(slice).value_or(0);
      for (double& x : delta) x *= scale;
      deltas[slice] = std::move(delta);
    }
    return deltas;
  }

  // The elements of a factor, rank first, in the order of its other axes, through all its pieces.
  std::vector<float> Gather(const Opened& opened, const Adapter& adapter,
                            const std::vector<uint32_t>& pieces) const {
    std::map<std::vector<int64_t>, float> elements;  // by index: ordered
    const SlicedLayout& sliced = opened.adapter.sliced;
    for (const uint32_t p : pieces) {
      const BoundPiece& piece = sliced.bound.pieces[p];
      const BoundLeaf& leaf = sliced.bound.leaves[piece.leaf];
      const LogicalTensor& tensor = rules_.tensors[static_cast<size_t>(leaf.tensor)];
      const size_t rank = RankAxisOf(tensor);
      std::vector<size_t> order{rank};
      for (size_t a = tensor.batch; a < tensor.axes.size(); ++a) {
        if (a != rank) order.push_back(a);
      }
      // Every index of every axis in turn.
      std::vector<int64_t> sizes, at;
      for (const size_t a : order) {
        int64_t n = 1;
        for (const BoundLeaf::Digit& digit : leaf.axes[a].digits) n *= digit.n;
        sizes.push_back(leaf.axes[a].fixed ? 1 : n);
        at.push_back(0);
      }
      const std::vector<std::byte>& bytes = adapter.tensors[opened.bound.found[piece.stored]];
      for (bool more = true; more;) {
        int64_t position = piece.start;
        std::vector<int64_t> index;
        for (size_t i = 0; i < order.size(); ++i) {
          const BoundLeaf::Axis& axis = leaf.axes[order[i]];
          index.push_back(axis.fixed ? piece.fixed[order[i]] : at[i]);
          if (axis.fixed) continue;
          int64_t rest = at[i];
          for (auto digit = axis.digits.rbegin(); digit != axis.digits.rend(); ++digit) {
            position += rest % digit->n * digit->stride;
            rest /= digit->n;
          }
        }
        float x;
        std::memcpy(&x, bytes.data() + static_cast<size_t>(position) * sizeof x, sizeof x);
        elements[index] = x;
        more = false;
        for (size_t i = at.size(); i-- > 0;) {
          if (++at[i] < sizes[i]) {
            more = true;
            break;
          }
          at[i] = 0;
        }
      }
    }
    std::vector<float> values;
    for (const auto& [index, x] : elements) values.push_back(x);
    return values;
  }

  void Fail(const CheckedLayout& from, const CheckedLayout& to, const std::string& what) {
    std::vector<std::string> sizes;
    for (const auto& [axis, size] : model_.sizes) sizes.push_back(fmt::format("{}={}", axis, size));
    Diagnostic& d =
        diagnostics_->Add(Code::kTestFailed, to.name.place,
                          fmt::format("adapters of {}, {} -> {}: {}", rules_.file->family.text,
                                      from.name.text, to.name.text, what));
    d.notes.push_back({{}, fmt::format("seed {}, sizes {}", seed_, fmt::join(sizes, " "))});
  }

  const CheckedRules& rules_;
  std::mt19937_64 random_;
  uint64_t seed_;
  RuleTestReport* report_;
  Diagnostics* diagnostics_;
  TestModel model_;
  std::set<int> left_out_;               // blocks
  std::map<std::string, int> block_of_;  // by key
};

}  // namespace

void RunAdapterRoundTrips(const CheckedRules& adapters, uint64_t seed, RuleTestReport* report,
                          Diagnostics* diagnostics) {
  report->seed = seed;
  RoundTrips(adapters, seed, report, diagnostics).Run();
}

}  // namespace rr
