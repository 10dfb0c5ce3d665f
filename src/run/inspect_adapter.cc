#include "run/inspect_adapter.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "bind/bound_layout.h"
#include "plan/adapter_pairs.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

constexpr size_t kShownSettings = 4;

class Describer {
 public:
  explicit Describer(const OpenedSource& source)
      : source_(source),
        rules_(*source.rules),
        layout_(*source.bound->layout.layout),
        reading_(ReadingOf(*source.bound, source.table)) {}

  AdapterFacts Describe() {
    AdapterFacts facts;
    facts.dialect = layout_.style->about.value_or(layout_.name.text);
    Ranks(&facts);
    Adapts(&facts);
    Loaders(&facts);
    return facts;
  }

 private:
  void Ranks(AdapterFacts* facts) const {
    std::map<int64_t, size_t> ranks;
    std::set<std::string> folded;
    const BoundLayout& bound = source_.bound->layout;
    for (const BoundTensor& tensor : bound.tensors) {
      const CheckedEntry& entry = layout_.entries[static_cast<size_t>(tensor.entry)];
      for (size_t d = 0; d < entry.shape.size(); ++d) {
        if (!entry.shape[d].Has(kRankAxis)) continue;
        int64_t others = 1;
        std::string words;
        for (const std::string& axis : entry.shape[d].Axes()) {
          if (axis == kRankAxis) continue;
          const int64_t n = source_.bound->model->SizeOf(axis).value_or(1);
          others *= n;
          words += fmt::format("{} {} x ", axis, n);
        }
        const int64_t rank = others == 0 ? 0 : tensor.shape[d] / others;
        ++ranks[rank];
        if (!words.empty())
          folded.insert(fmt::format("{} = {}rank {}, for instance in {}", tensor.shape[d], words,
                                    rank, tensor.key));
        break;
      }
    }
    for (const auto& [rank, count] : ranks)
      facts->ranks.push_back(fmt::format("rank {}: {} tensors", rank, count));
    std::set<std::string> seen;
    for (const std::string& line : folded) {
      if (seen.insert(line.substr(0, line.find(','))).second) facts->ranks.push_back(line);
    }
  }

  // Which tensors of the model, in how many layers; and halves of what belongs together.
  void Adapts(AdapterFacts* facts) const {
    if (!source_.adapter) return;
    std::map<int, std::set<int64_t>> layers;
    std::map<int, std::set<std::vector<int64_t>>> rest;
    for (const auto& [slice, one] : source_.adapter->facts) {
      layers[slice.weight].insert(slice.batch.empty() ? 0 : slice.batch[0]);
      if (slice.batch.size() > 1)
        rest[slice.weight].insert({slice.batch.begin() + 1, slice.batch.end()});
    }
    std::set<std::string> adapted;
    for (const auto& [weight, found] : layers) {
      adapted.insert(rules_.FullName(weight));
      std::string text = fmt::format("{}: {} layer{}", rules_.FullName(weight), found.size(),
                                     found.size() == 1 ? "" : "s");
      if (rest.count(weight) > 0) text += fmt::format(", {} experts", rest[weight].size());
      facts->adapts.push_back(std::move(text));
    }
    const bool has_experts = rules_.FindTensor("experts.down") >= 0;
    const bool any = std::any_of(adapted.begin(), adapted.end(), [](const std::string& name) {
      return name.starts_with("experts.");
    });
    if (has_experts && !any) facts->remarks.push_back("the experts are not adapted");
  }

  void Loaders(AdapterFacts* facts) const {
    for (const TargetRule& target : rules_.file->targets) {
      for (const TargetCase& one : target.cases) {
        const CheckedLayout* layout = rules_.FindLayout(one.adapters.text);
        if (layout == nullptr) continue;
        std::string range;
        if (one.versions) range = fmt::format(" {}", one.place.Text());
        while (!range.empty() && (range.back() == '"' || range.back() == '\'')) range.pop_back();
        const std::string wanted = one.versions ? layout->name.text : target.system.text;
        LoaderVerdict verdict = Judge(*layout, one, wanted);
        verdict.system = target.system.text + range;
        facts->loaders.push_back(std::move(verdict));
      }
    }
  }

  LoaderVerdict Judge(const CheckedLayout& layout, const TargetCase& loader,
                      const std::string& wanted) const {
    LoaderVerdict verdict;
    if (loader.only_pairs) {
      const BeyondPairs beyond = BeyondPairsOf(source_.bound->layout, rules_);
      if (beyond.wrapped) {
        verdict.kind = LoaderVerdict::Kind::kDrops;
        verdict.text = fmt::format(
            "passes over the weight of {} adapted module{}, for instance {}: right where it is the "
            "model's own, without added tokens; else rule-runner merge BASE OUT --adapter {}",
            beyond.keys.size(), beyond.keys.size() == 1 ? "" : "s", beyond.keys[0],
            source_.checkpoint.path);
      } else if (!beyond.keys.empty()) {
        verdict.kind = LoaderVerdict::Kind::kRefuses;
        verdict.text = fmt::format(
            "takes only A and B of modules, and here {} {}, for instance {}; rule-runner merge "
            "BASE OUT --adapter {}",
            beyond.keys.size() == 1 ? "is" : "are", beyond.kinds, beyond.keys[0],
            source_.checkpoint.path);
      }
      if (!beyond.keys.empty()) return verdict;
    }
    const std::string mend = fmt::format("rule-runner convert ... --to {}", wanted);
    Diagnostics findings;
    const std::optional<BoundSource> bound =
        BindSource(rules_, layout, source_.config, source_.given, source_.table, {}, &findings);
    if (bound && !bound->unmatched.empty()) {
      verdict.kind = LoaderVerdict::Kind::kDrops;
      verdict.text = fmt::format("does not know {} of {} tensors, for instance {}; {}",
                                 bound->unmatched.size(), source_.table.keys.size(),
                                 source_.table.keys[bound->unmatched[0]].name, mend);
    } else if (!bound || findings.HasErrors()) {
      verdict.kind = LoaderVerdict::Kind::kRefuses;
      verdict.text = fmt::format("expects other shapes; {}", mend);
    } else if (ReadingOf(*bound, source_.table) != reading_) {
      verdict.kind = LoaderVerdict::Kind::kMisreads;
      verdict.text = fmt::format("would load it and read the experts in another order; {}", mend);
    } else if (loader.bake_rslora && source_.adapter && source_.adapter->config.use_rslora()) {
      verdict.kind = LoaderVerdict::Kind::kMisreads;
      verdict.text =
          fmt::format("ignores use_rslora for experts and would scale by alpha / r; {}", mend);
    } else if (const std::string several = loader.one_scale ? SeveralSettings(loader.uniform) : "";
               !several.empty()) {
      verdict.kind = LoaderVerdict::Kind::kMisreads;
      verdict.text = fmt::format(
          "reads no rank_pattern and no alpha_pattern, and modules have {}; {} --allow "
          "uniform-rank",
          several, mend);
    }
    return verdict;
  }

  // "the scales 0.5 and 2"; empty where all modules have one scale, and one rank if that is asked.
  std::string SeveralSettings(bool ranks_too) const {
    if (!source_.adapter) return "";
    std::set<std::string> scales;
    std::set<int64_t> ranks;
    for (const auto& [slice, facts] : source_.adapter->facts) {
      ranks.insert(facts.rank);
      if (const auto scale = source_.adapter->ScaleOf(slice))
        scales.insert(fmt::format("{:.6g}", *scale));
    }
    if (scales.size() > 1)
      return "the scales " + JoinWords({scales.begin(), scales.end()}, kShownSettings);
    if (!ranks_too || ranks.size() < 2) return "";
    return fmt::format("ranks from {} to {}", *ranks.begin(), *ranks.rbegin());
  }

  const OpenedSource& source_;
  const CheckedRules& rules_;
  const CheckedLayout& layout_;
  std::string reading_;
};

}  // namespace

AdapterFacts DescribeAdapter(const OpenedSource& source) { return Describer(source).Describe(); }

}  // namespace rr
