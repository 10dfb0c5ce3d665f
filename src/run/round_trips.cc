#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

#include "base/shape.h"
#include "bind/bind_source.h"
#include "plan/conversion.h"
#include "plan/plan.h"
#include "run/as_written.h"
#include "run/executor.h"
#include "run/follow_element.h"
#include "run/graph_tensors.h"
#include "run/reference.h"
#include "run/rule_tests.h"
#include "run/synth.h"
#include "run/test_models.h"

namespace rr {
namespace {

using Bytes = std::vector<std::vector<std::byte>>;

struct Converted {
  BoundSource from;
  Conversion conversion;
  KeyTable table;
  Bytes tensors;
  bool exact = true;
};

class RoundTrips {
 public:
  RoundTrips(const CheckedRules& rules, uint64_t seed, RuleTestReport* report,
             Diagnostics* diagnostics)
      : rules_(rules), random_(seed), seed_(seed), report_(report), diagnostics_(diagnostics) {}

  void Run() {
    for (TestModel& model : MakeTestModels(rules_, &random_, diagnostics_)) {
      given_ = std::move(model.sizes);
      for (const CheckedLayout& from : rules_.layouts) Layout(from, model.config);
    }
  }

 private:
  void Layout(const CheckedLayout& from, const Config& config) {
    const Model model(rules_, config, given_);
    Diagnostics requirement;
    model.CheckRequirements(from, &requirement);
    if (requirement.HasErrors()) {
      report_->skipped += rules_.layouts.size() - 1;
      return;
    }
    for (const CheckedLayout& to : rules_.layouts) {
      if (&to == &from) continue;
      Diagnostics unmet;
      model.CheckRequirements(to, &unmet);
      if (from.partial || to.partial || unmet.HasErrors()) {
        ++report_->skipped;
        continue;
      }
      const std::optional<KeyTable> table = SyntheticKeys(
          model, from, Dtype::kF32,
          [&](size_t block) { return IsWhole(from.tables[block]) && IsWhole(to.tables[block]); },
          diagnostics_);
      if (!table) return;
      Pair(from, to, config, *table, MakeTensors(from, model, *table));
    }
  }

  static Bytes MakeTensors(const CheckedLayout& layout, const Model& model, const KeyTable& table) {
    const SyntheticReader reader(table);
    Bytes tensors;
    for (uint32_t i = 0; i < table.keys.size(); ++i) {
      tensors.emplace_back(ByteCount(*table.keys[i].shape, *table.keys[i].dtype));
      reader.Read(i, 0, tensors.back());
    }
    MakeCopiesEqual(layout, model, table, &tensors);
    return tensors;
  }

  // A table that leaves tensors out, or holds products of them, cannot give back what it was given.
  static bool IsWhole(const TableRule* table) {
    if (table == nullptr || table->partial) return false;
    return std::all_of(table->variants.begin(), table->variants.end(), [](const auto& variant) {
      return std::none_of(variant.entries.begin(), variant.entries.end(),
                          [](const EntryRule& entry) { return entry.times.has_value(); });
    });
  }

  void Pair(const CheckedLayout& from, const CheckedLayout& to, const Config& config,
            const KeyTable& table, Bytes tensors) {
    const std::optional<Converted> there = Convert(from, to, config, table, &tensors, true);
    if (!there) return;
    Bytes converted = there->tensors;
    const std::optional<Converted> back =
        Convert(to, from, config, there->table, &converted, false);
    if (!back) return;
    ++report_->round_trips;
    for (uint32_t i = 0; i < table.keys.size(); ++i) {
      const auto found = back->table.by_name.find(table.keys[i].name);
      if (found == back->table.by_name.end()) {
        Fail(from, to, fmt::format("{} does not come back", table.keys[i].name));
        return;
      }
      const bool exact = there->exact && back->exact;
      const std::optional<WrongElement> wrong =
          FirstWrong(tensors[i], back->tensors[found->second], exact ? 0 : 1e-6F);
      if (!wrong) continue;
      Diagnostic& d = Fail(from, to, DoesNotComeBack(table.keys[i], *wrong));
      for (std::string& line :
           FollowElement(rules_, there->from, there->conversion, i, wrong->element))
        d.notes.push_back({{}, std::move(line)});
      return;
    }
  }

  // Tensors that are made up become what the other layout knows of them.
  std::optional<Converted> Convert(const CheckedLayout& from, const CheckedLayout& to,
                                   const Config& config, const KeyTable& table, Bytes* tensors,
                                   bool made_up) {
    const size_t errors = diagnostics_->ErrorCount();
    std::optional<BoundSource> bound =
        BindSource(rules_, from, config, given_, table, {}, diagnostics_);
    if (!bound || diagnostics_->ErrorCount() > errors) return std::nullopt;
    ConversionOptions options;
    options.allow_lossy = options.allow_partial = true;
    std::optional<Conversion> conversion =
        BuildConversion(*bound, table, to, options, diagnostics_);
    if (!conversion) return std::nullopt;
    if (made_up) WriteKnown(*conversion, tensors);
    const MemoryTensors reader(WithConstants(*tensors, conversion->constants));
    MemoryTensors reference(EmptyTensors(conversion->graph));
    ExecuteReference(conversion->graph, reader, reference, diagnostics_);
    for (const uint64_t buffer : {uint64_t{64}, uint64_t{1} << 20}) {
      PlanOptions plan_options;
      plan_options.buffer_bytes = buffer;
      const Plan plan = MakePlan(conversion->graph, plan_options, diagnostics_);
      MemoryTensors copied(EmptyTensors(conversion->graph));
      RunOptions run;
      run.jobs = 2;
      Execute(plan, reader, copied, run, diagnostics_);
      if (diagnostics_->ErrorCount() > errors) return std::nullopt;
      for (size_t i = 0; i < copied.tensors().size(); ++i) {
        if (copied.tensors()[i] == reference.tensors()[i]) continue;
        Fail(from, to,
             fmt::format("the engines disagree on {} with buffers of {} bytes",
                         conversion->graph.destinations[i].key, buffer));
        return std::nullopt;
      }
    }
    Converted result;
    std::vector<FoundKey> keys;
    for (const GraphTensor& tensor : conversion->graph.destinations)
      keys.push_back({tensor.key, tensor.shape, tensor.dtype});
    result.table = MakeKeyTable(std::move(keys));
    result.tensors = reference.tensors();
    result.exact = conversion->lossy.empty();
    result.from = std::move(*bound);
    result.conversion = std::move(*conversion);
    return result;
  }

  Diagnostic& Fail(const CheckedLayout& from, const CheckedLayout& to, const std::string& what) {
    std::vector<std::string> sizes;
    for (const auto& [axis, size] : given_) sizes.push_back(fmt::format("{}={}", axis, size));
    Diagnostic& d =
        diagnostics_->Add(Code::kTestFailed, to.name.place,
                          fmt::format("{} -> {}: {}", from.name.text, to.name.text, what));
    d.notes.push_back({{}, fmt::format("seed {}, sizes {}", seed_, fmt::join(sizes, " "))});
    return d;
  }

  const CheckedRules& rules_;
  std::mt19937_64 random_;
  uint64_t seed_;
  RuleTestReport* report_;
  Diagnostics* diagnostics_;
  std::map<std::string, int64_t> given_;
};

}  // namespace

void RunRoundTrips(const CheckedRules& rules, uint64_t seed, RuleTestReport* report,
                   Diagnostics* diagnostics) {
  report->seed = seed;
  RoundTrips(rules, seed, report, diagnostics).Run();
}

}  // namespace rr
