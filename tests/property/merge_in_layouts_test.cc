// Merging changes places with converting, in every family that has rules and adapters, at small
// pairwise different sizes: a merged model converted is the converted model merged, and an adapter
// merges to the same weights in whatever layout it is. Of every family some layouts are tried, in
// turn; `rule-runner test` takes made-up adapters through every pair of their layouts.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bind/bound_layout.h"
#include "bind/rule_library.h"
#include "report/render.h"
#include "run/as_written.h"
#include "run/synth.h"
#include "run/test_models.h"
#include "syntax/adapter_style.h"
#include "unit/run/adapter_scene.h"

namespace rr {
namespace {

constexpr int64_t kRank = 2;
constexpr size_t kWeightLayouts = 2, kAdapterLayouts = 3;

struct Counts {
  size_t families = 0, weights = 0, adapters = 0;
};

bool IsWhole(const CheckedLayout& layout, size_t block) {
  const TableRule* table = layout.tables[block];
  if (layout.partial || table == nullptr || table->partial || !table->defaults.empty())
    return false;
  // A product is added to the weight itself: merge refuses a checkpoint whose tied copy then
  // differs.
  return std::none_of(layout.entries.begin(), layout.entries.end(), [&](const CheckedEntry& entry) {
    return entry.block == static_cast<int>(block) && entry.rule->written;
  });
}

class Family {
 public:
  Family(RuleLibrary* library, RulesPtr rules, RulesPtr adapters, const TestModel& model,
         size_t turn, Counts* counts)
      : library_(*library),
        rules_(*rules),
        adapters_(*adapters),
        test_model_(model),
        weights_(rules_, model.config, model.sizes),
        factors_(adapters_, model.config, model.sizes),
        turn_(turn),
        counts_(*counts) {}

  // Whether there was something to merge.
  bool Run() {
    const CheckedLayout& hub = rules_.layouts[0];
    if (!Allows(weights_, hub)) return false;
    std::vector<const CheckedLayout*> others;
    for (const CheckedLayout& layout : rules_.layouts) {
      if (&layout != &hub && !layout.partial && Allows(weights_, layout)) others.push_back(&layout);
    }
    const CheckedLayout* pairs = nullptr;
    std::vector<const CheckedLayout*> styles;
    for (const CheckedLayout& layout : adapters_.layouts) {
      if (layout.IsInternal() || !Allows(factors_, layout)) continue;
      if (pairs == nullptr && layout.style->config_rank) {
        pairs = &layout;
      } else {
        styles.push_back(&layout);
      }
    }
    if (pairs == nullptr) return false;
    bool done = false;
    for (size_t i = 0; i < std::min(kWeightLayouts, others.size()); ++i)
      done = Weights(hub, *others[(turn_ + i) % others.size()], *pairs) || done;
    if (!Base(hub, hub) || !Adapter(hub, hub, *pairs)) return done;
    const std::optional<Tensors> merged = Merged("/base", hub, "/adapter", *pairs);
    REQUIRE_MESSAGE(merged.has_value(), said_);
    size_t tried = 0;
    for (size_t i = 0; i < styles.size() && tried < kAdapterLayouts; ++i)
      tried += Style(hub, *styles[(turn_ + i) % styles.size()], *pairs, *merged) ? 1 : 0;
    counts_.adapters += tried;
    return done || tried > 0;
  }

 private:
  static bool Allows(const Model& model, const CheckedLayout& layout) {
    Diagnostics unmet;
    model.CheckRequirements(layout, &unmet);
    return !unmet.HasErrors();
  }

  bool Weights(const CheckedLayout& hub, const CheckedLayout& other, const CheckedLayout& pairs) {
    CAPTURE(other.name.text);
    if (!Base(hub, other) || !Adapter(hub, other, pairs)) return false;
    const std::optional<Tensors> merged = Merged("/base", hub, "/adapter", pairs);
    REQUIRE_MESSAGE(merged.has_value(), said_);
    CHECK(*merged != Read("/base"));
    files_.RemoveAll("/merged");
    files_.Put("/merged/model.safetensors", SafetensorsOf(*merged));
    // A layout that needs more than is allowed here is no matter of this test.
    if (!Convert("/base", hub, "/there", other)) return false;
    const bool exact = report_.lossy.empty();
    const std::optional<Tensors> later = Merged("/there", other, "/adapter", pairs);
    REQUIRE_MESSAGE(later.has_value(), said_);
    const bool converted = Convert("/merged", hub, "/merged_there", other);
    REQUIRE_MESSAGE(converted, said_);
    Same(*later, Read("/merged_there"), exact ? 0 : 1e-5);
    ++counts_.weights;
    return true;
  }

  bool Style(const CheckedLayout& hub, const CheckedLayout& style, const CheckedLayout& pairs,
             const Tensors& merged) {
    CAPTURE(style.name.text);
    if (!Convert("/adapter", pairs, "/styled", style)) return false;
    const bool exact = report_.lossy.empty();
    const std::optional<Tensors> other = Merged("/base", hub, "/styled", style);
    REQUIRE_MESSAGE(other.has_value(), said_);
    Same(*other, merged, exact ? 0 : 1e-5);
    return true;
  }

  // A model in the hub's layout, of the blocks that both layouts store as a whole.
  bool Base(const CheckedLayout& hub, const CheckedLayout& other) {
    Diagnostics diagnostics;
    const std::optional<KeyTable> table = SyntheticKeys(
        weights_, hub, Dtype::kF32,
        [&](size_t block) { return IsWhole(hub, block) && IsWhole(other, block); }, &diagnostics);
    INFO(RenderText(diagnostics, {}));
    REQUIRE(table.has_value());
    const SyntheticReader reader(*table);
    std::vector<std::vector<std::byte>> made;
    for (uint32_t i = 0; i < table->keys.size(); ++i) {
      const FoundKey& key = table->keys[i];
      if (key.dtype != Dtype::kF32) return false;
      size_t size = sizeof(float);
      for (const int64_t extent : *key.shape) size *= static_cast<size_t>(extent);
      made.emplace_back(size);
      reader.Read(i, 0, made.back());
    }
    MakeCopiesEqual(hub, weights_, *table, &made);
    const std::optional<BoundSource> bound =
        BindSource(rules_, hub, test_model_.config, test_model_.sizes, *table, {}, &diagnostics);
    INFO(RenderText(diagnostics, {}));
    REQUIRE(bound.has_value());
    ConversionOptions options;
    options.only_present = true;
    const std::optional<Conversion> moved =
        BuildConversion(*bound, *table, hub, options, &diagnostics);
    REQUIRE(moved.has_value());
    WriteKnown(*moved, &made);
    Tensors tensors;
    for (uint32_t i = 0; i < table->keys.size(); ++i) {
      const FoundKey& key = table->keys[i];
      tensors[key.name] = TensorOf(*key.shape, Dtype::kF32, made[i].data());
    }
    if (tensors.empty()) return false;
    files_.RemoveAll("/base");
    files_.Put("/base/model.safetensors", SafetensorsOf(tensors));
    return true;
  }

  // Factors of small whole numbers for everything that the base has: deltas are exact in whatever
  // order they are summed. Every other family has one A for all weights of one input.
  bool Adapter(const CheckedLayout& hub, const CheckedLayout& other, const CheckedLayout& pairs) {
    Diagnostics diagnostics;
    InstantiateOptions options;
    options.rank_of = [](const std::string&) { return std::optional<int64_t>(kRank); };
    const std::optional<BoundLayout> bound =
        Instantiate(factors_, pairs, DefaultChoice(pairs), options, &diagnostics);
    INFO(RenderText(diagnostics, {}));
    REQUIRE(bound.has_value());
    std::set<std::string> whole;
    for (size_t b = 0; b < rules_.file->blocks.size(); ++b) {
      if (IsWhole(hub, b) && IsWhole(other, b)) whole.insert(rules_.file->blocks[b].name.text);
    }
    Tensors tensors;
    for (const BoundTensor& tensor : bound->tensors) {
      const CheckedEntry& entry = pairs.entries[static_cast<size_t>(tensor.entry)];
      const auto block = static_cast<size_t>(entry.block);
      if (!HasRank(entry) || whole.count(adapters_.file->blocks[block].name.text) == 0) continue;
      if (!tensor.unknown_axis.empty()) return false;
      const auto t = static_cast<size_t>(entry.leaves[0].tensor);
      const bool is_a = adapters_.tensors[t].factor == Factor::kA;
      const bool shared = is_a && turn_ % 2 == 0;
      std::mt19937_64 random(shared ? 7 : std::hash<std::string>{}(tensor.key));
      std::uniform_int_distribution<int> value(-3, 3);
      Tensor made{tensor.shape, {}, Dtype::kF32};
      int64_t count = 1;
      for (const int64_t extent : tensor.shape) count *= extent;
      for (int64_t i = 0; i < count; ++i) made.values.push_back(value(random));
      tensors[tensor.key] = std::move(made);
    }
    if (tensors.empty()) return false;
    files_.RemoveAll("/adapter");
    files_.Put("/adapter/adapter_model.safetensors", SafetensorsOf(tensors));
    files_.Put(
        "/adapter/adapter_config.json",
        ToJson(Value(Value::Map{{"peft_type", "LORA"}, {"r", kRank}, {"lora_alpha", 2 * kRank}})));
    return true;
  }

  SourceRequest Source(const std::string& path, const CheckedLayout& layout) const {
    SourceRequest source;
    source.path = path;
    source.family = rules_.file->family.text;
    source.from = layout.name.text;
    source.model_config = test_model_.config;
    for (const auto& [axis, size] : test_model_.sizes)
      source.set.push_back({axis, std::to_string(size)});
    return source;
  }

  ConvertRequest Request(const std::string& path, const CheckedLayout& from, const std::string& to,
                         const CheckedLayout& layout) const {
    ConvertRequest request;
    request.source = Source(path, from);
    request.to = layout.name.text;
    request.destination = to;
    request.conversion.allow_lossy = true;
    request.force = true;
    request.jobs = 1;
    return request;
  }

  bool Convert(const std::string& path, const CheckedLayout& from, const std::string& to,
               const CheckedLayout& layout) {
    ConvertRequest request = Request(path, from, to, layout);
    request.conversion.allow_uniform_rank = true;
    request.source.fill_zero = from.style != nullptr;
    Diagnostics diagnostics;
    std::optional<RunReport> report = rr::Convert(files_, &library_, request, &diagnostics);
    said_ = RenderText(diagnostics, {});
    if (report) report_ = std::move(*report);
    return report.has_value();
  }

  // The base in its layout with the adapter in it.
  std::optional<Tensors> Merged(const std::string& base, const CheckedLayout& layout,
                                const std::string& adapter, const CheckedLayout& style) {
    MergeRequest request;
    request.base = Request(base, layout, "/out", layout);
    request.adapters = {{adapter, 1}};
    request.adapter_from = style.name.text;
    Diagnostics diagnostics;
    const bool done = rr::Merge(files_, &library_, request, &diagnostics).has_value();
    said_ = RenderText(diagnostics, {});
    if (!done) return std::nullopt;
    return Read("/out");
  }

  Tensors Read(const std::string& path) const { return TensorsAt(files_, path); }

  static void Same(const Tensors& got, const Tensors& wanted, double tolerance) {
    REQUIRE(got.size() == wanted.size());
    for (const auto& [key, tensor] : wanted) {
      CAPTURE(key);
      REQUIRE(got.count(key) == 1);
      const Tensor& other = got.at(key);
      REQUIRE(other.shape == tensor.shape);
      double worst = 0;
      for (size_t i = 0; i < tensor.values.size(); ++i)
        worst = std::max(worst, std::fabs(other.values[i] - tensor.values[i]) /
                                    std::max(1.0, std::fabs(tensor.values[i])));
      CHECK(worst <= tolerance);
    }
  }

  RuleLibrary& library_;
  const CheckedRules& rules_;
  const CheckedRules& adapters_;
  const TestModel& test_model_;
  const Model weights_, factors_;
  const size_t turn_;
  Counts& counts_;
  MemoryFiles files_;
  RunReport report_;  // of the last conversion that was done
  std::string said_;  // by the last one
};

TEST_CASE("merging changes places with converting, in every family") {
  RuleLibrary library(RealFiles(), {RULE_RUNNER_SOURCE_DIR "/rules"});
  Counts counts;
  size_t turn = 0;
  for (const std::string& name : library.Families()) {
    CAPTURE(name);
    Diagnostics findings;
    const RulesPtr rules = library.Load(name, &findings);
    REQUIRE(rules != nullptr);
    const RulesPtr adapters = library.AdaptersOf(rules, RuleLibrary::Internal::kNo, &findings);
    if (adapters == nullptr || !adapters->valid || adapters->layouts.empty()) continue;
    std::mt19937_64 random(turn);
    const std::vector<TestModel> models = MakeTestModels(*rules, &random, &findings);
    CHECK(findings.ErrorCount() == 0);
    bool done = false;
    // The last config that a test names has the most to say.
    for (size_t m = models.size(); m-- > 0 && !done;)
      done = Family(&library, rules, adapters, models[m], turn, &counts).Run();
    CHECK_MESSAGE(done, "nothing was merged");
    counts.families += done ? 1 : 0;
    ++turn;
  }
  MESSAGE(fmt::format("{} families, {} layouts of weights, {} of adapters", counts.families,
                      counts.weights, counts.adapters));
  CHECK(counts.families >= 40);
  CHECK(counts.weights >= counts.families);
  CHECK(counts.adapters >= 2 * counts.families);
}

}  // namespace
}  // namespace rr
