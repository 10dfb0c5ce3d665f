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

#include "base/shape.h"
#include "plan/adapter_conversion.h"
#include "run/reference.h"
#include "run/rule_tests.h"
#include "run/test_adapter.h"
#include "run/test_models.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

using Bytes = std::vector<std::vector<std::byte>>;

constexpr int64_t kRank = 2;

// The key of the weight that a pattern of adapter_config.json means.
std::string PatternOf(const AdaptedModule& module) {
  std::string name = module.weight;
  if (!module.parameter && name.ends_with(".weight")) name.resize(name.size() - 7);
  return "\\Q" + name + "\\E";
}

// Ranks and alphas of the modules: what most have, and patterns of the whole names of the others.
Config ConfigOf(const std::vector<AdaptedModule>& modules) {
  const auto alpha_of = [](const AdaptedModule& module) {
    return module.scale.value_or(0) * static_cast<double>(module.rank);
  };
  std::map<std::pair<int64_t, double>, size_t> counts;
  for (const AdaptedModule& module : modules) ++counts[{module.rank, alpha_of(module)}];
  std::pair<int64_t, double> usual{1, 1};
  size_t most = 0;
  for (const auto& [facts, count] : counts) {
    if (count > most) usual = facts;
    most = std::max(most, count);
  }
  Value::Map ranks, alphas;
  for (const AdaptedModule& module : modules) {
    if (module.rank != usual.first) ranks.push_back({PatternOf(module), module.rank});
    if (alpha_of(module) != usual.second) alphas.push_back({PatternOf(module), alpha_of(module)});
  }
  return Config(Value(Value::Map{{"r", usual.first},
                                 {"lora_alpha", usual.second},
                                 {"rank_pattern", std::move(ranks)},
                                 {"alpha_pattern", std::move(alphas)}}));
}

bool OnlyCopiesDiffer(const Diagnostics& diagnostics) {
  return !diagnostics.all().empty() &&
         std::all_of(diagnostics.all().begin(), diagnostics.all().end(),
                     [](const Diagnostic& d) { return d.code == Code::kCopiesDiffer; });
}

class RoundTrips {
 public:
  RoundTrips(const CheckedRules& rules, const TestModel& test_model, std::mt19937_64* random,
             RuleTestReport* report, Diagnostics* diagnostics)
      : rules_(rules),
        test_model_(test_model),
        model_(rules, test_model.config, test_model.sizes),
        random_(*random),
        report_(report),
        diagnostics_(diagnostics),
        opener_(rules, test_model, diagnostics) {}

  void Run() {
    for (const CheckedLayout& from : rules_.layouts) {
      if (from.IsInternal()) continue;
      InstantiateOptions options;
      options.rank_of = [](const std::string&) { return std::optional<int64_t>(kRank); };
      Diagnostics unmet;
      model_.CheckRequirements(from, &unmet);
      bound_.reset();
      if (!unmet.HasErrors())
        bound_ = Instantiate(model_, from, DefaultChoice(from), options, diagnostics_);
      if (bound_ && !AllSizesKnown(from)) bound_.reset();
      made_.clear();
      for (const CheckedLayout& to : rules_.layouts) {
        if (&to != &from && !to.IsInternal()) Pair(from, to);
      }
    }
  }

 private:
  // An adapter of the first layout, and what it says.
  struct Made {
    TestAdapter adapter;
    std::optional<OpenedAdapter> opened;
    Deltas deltas;
  };

  bool AllSizesKnown(const CheckedLayout& layout) {
    for (const BoundTensor& tensor : bound_->tensors) {
      if (tensor.unknown_axis.empty()) continue;
      diagnostics_->Add(Code::kBadTest,
                        layout.entries[static_cast<size_t>(tensor.entry)].rule->place,
                        fmt::format("the size of {} stays unknown in made-up adapters of `{}`",
                                    tensor.unknown_axis, layout.name.text));
      return false;
    }
    return true;
  }

  void Pair(const CheckedLayout& from, const CheckedLayout& to) {
    Diagnostics unmet;
    model_.CheckRequirements(to, &unmet);
    if (!bound_ || unmet.HasErrors()) {
      ++report_->skipped;
      return;
    }
    const Made& first = Make(from, to);
    if (!first.opened) return;
    const std::optional<TestAdapter> there = Convert(*first.opened, first.adapter, to);
    if (!there) return;
    const std::optional<OpenedAdapter> there_opened = opener_.Open(*there, to);
    if (!there_opened) return;
    const std::optional<TestAdapter> back = Convert(*there_opened, *there, from);
    if (!back) return;
    const std::optional<OpenedAdapter> back_opened = opener_.Open(*back, from);
    if (!back_opened) return;
    ++report_->adapter_round_trips;
    // A value word (a query scale) is part of what the other layout stores.
    const bool exact = there->exact && back->exact;
    const std::string changed =
        exact ? Difference(first.deltas, DeltasOf(*there_opened, *there), 0) : "";
    const std::string lost =
        Difference(first.deltas, DeltasOf(*back_opened, *back), exact ? 0 : 1e-5);
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

  // Factors of what both layouts store, with small whole numbers. One adapter serves all layouts
  // that store the same.
  const Made& Make(const CheckedLayout& from, const CheckedLayout& to) {
    const std::set<int> left_out = LeftOut(from, to);
    const auto [at, is_new] = made_.try_emplace(left_out);
    Made& made = at->second;
    if (!is_new) return made;
    std::vector<FoundKey> keys;
    for (const BoundTensor& tensor : bound_->tensors) {
      const CheckedEntry& entry = from.entries[static_cast<size_t>(tensor.entry)];
      if (HasRank(entry) && left_out.count(entry.block) == 0)
        keys.push_back({tensor.key, tensor.shape, Dtype::kF32});
    }
    if (keys.empty()) return made;
    made.adapter.table = MakeKeyTable(std::move(keys));
    // One A for all, or as many as there are tensors.
    const bool one_a = random_() % 2 == 0;
    std::uniform_int_distribution<int> value(-3, 3);
    for (const FoundKey& key : made.adapter.table.keys) {
      std::vector<float> values(static_cast<size_t>(ElementCount(*key.shape)));
      std::mt19937 own(one_a ? 7 : static_cast<uint32_t>(random_()));
      for (float& x : values) x = static_cast<float>(value(own));
      std::vector<std::byte> bytes(values.size() * sizeof(float));
      std::memcpy(bytes.data(), values.data(), bytes.size());
      made.adapter.tensors.push_back(std::move(bytes));
    }
    made.adapter.config = Config(Value(Value::Map{{"r", kRank}, {"lora_alpha", 2 * kRank}}));
    made.opened = opener_.Open(made.adapter, from);
    if (made.opened) made.deltas = DeltasOf(*made.opened, made.adapter);
    return made;
  }

  // Blocks of which the other layout does not store everything: they are left out whole.
  std::set<int> LeftOut(const CheckedLayout& from, const CheckedLayout& to) const {
    const std::set<int> theirs = WeightsOf(to);
    std::set<int> blocks;
    for (const BoundTensor& tensor : bound_->tensors) {
      const CheckedEntry& entry = from.entries[static_cast<size_t>(tensor.entry)];
      const bool both = std::all_of(
          entry.leaves.begin(), entry.leaves.end(),
          [&](const auto& leaf) { return theirs.count(WeightOf(rules_, leaf.tensor)) > 0; });
      if (HasRank(entry) && !both) blocks.insert(entry.block);
    }
    return blocks;
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

  std::optional<TestAdapter> Convert(const OpenedAdapter& opened, const TestAdapter& adapter,
                                     const CheckedLayout& to) {
    ConversionOptions options;
    options.allow_uniform_rank = options.allow_lossy = options.fill_zero = true;
    options.allow_partial = true;  // zeros that were filled in on the way there
    LoaderNeeds needs;
    needs.uniform = to.style->uniform;
    needs.rslora = opened.source.config.use_rslora();
    // A layout that stores one factor for several refuses an adapter that has different ones,
    // before it is written or while.
    Diagnostics differ;
    const std::optional<AdapterConversion> built = BuildAdapterConversion(
        *opened.bound, opened.source, adapter.table, to, needs, options,
        [&](uint32_t key) { return adapter.tensors[key]; }, &differ);
    if (!built && OnlyCopiesDiffer(differ)) {
      ++report_->skipped;
      return std::nullopt;
    }
    diagnostics_->Append(differ);
    if (!built) return std::nullopt;
    const Graph& graph = built->conversion.graph;
    Bytes tensors;
    std::vector<FoundKey> keys;
    for (const GraphTensor& tensor : graph.destinations) {
      tensors.emplace_back(static_cast<size_t>(tensor.Count()) * sizeof(float));
      keys.push_back({tensor.key, tensor.shape, tensor.dtype});
    }
    MemoryTensors written(std::move(tensors));
    Diagnostics written_differ;
    ExecuteReference(graph, MemoryTensors(adapter.tensors), written, &written_differ);
    if (written_differ.HasErrors()) {
      ++report_->skipped;
      return std::nullopt;
    }
    TestAdapter result;
    result.exact = built->conversion.lossy.empty();
    result.table = MakeKeyTable(std::move(keys));
    result.tensors = written.tensors();
    result.config = ConfigOf(built->modules);
    return result;
  }

  void Fail(const CheckedLayout& from, const CheckedLayout& to, const std::string& what) {
    std::vector<std::string> sizes;
    for (const auto& [axis, size] : test_model_.sizes)
      sizes.push_back(fmt::format("{}={}", axis, size));
    Diagnostic& d =
        diagnostics_->Add(Code::kTestFailed, to.name.place,
                          fmt::format("adapters of {}, {} -> {}: {}", rules_.file->family.text,
                                      from.name.text, to.name.text, what));
    d.notes.push_back({{}, fmt::format("seed {}, sizes {}", report_->seed, fmt::join(sizes, " "))});
  }

  const CheckedRules& rules_;
  const TestModel& test_model_;
  const Model model_;
  std::mt19937_64& random_;
  RuleTestReport* report_;
  Diagnostics* diagnostics_;
  AdapterOpener opener_;
  std::optional<BoundLayout> bound_;    // the first layout of the pairs at hand
  std::map<std::set<int>, Made> made_;  // its adapters, by the blocks that are left out
};

}  // namespace

void RunAdapterRoundTrips(const CheckedRules& adapters, uint64_t seed, RuleTestReport* report,
                          Diagnostics* diagnostics) {
  report->seed = seed;
  std::mt19937_64 random(seed);
  for (const TestModel& model : MakeTestModels(adapters, &random, diagnostics))
    RoundTrips(adapters, model, &random, report, diagnostics).Run();
}

}  // namespace rr
