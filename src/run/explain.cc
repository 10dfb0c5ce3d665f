#include "run/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "bind/targets.h"
#include "plan/conversion.h"
#include "plan/plan.h"
#include "run/explain_code.h"
#include "run/plan_text.h"
#include "run/synth.h"

namespace rr {
namespace {

class Explainer {
 public:
  Explainer(const Files& files, RuleLibrary* library, const ExplainRequest& request,
            Diagnostics* diagnostics)
      : files_(files), library_(library), request_(request), diagnostics_(diagnostics) {}

  std::optional<std::string> Run() {
    rules_ = library_->Load(request_.source.family, diagnostics_);
    if (rules_ == nullptr || !rules_->valid) return std::nullopt;
    if (request_.stage == "ast") return AstText(*rules_);
    if (!FindLayouts()) return std::nullopt;
    if (request_.stage == "checked") return request_.key.empty() ? Checked() : OfKey();
    if (!ReadSizes()) return std::nullopt;
    return request_.stage == "bound" ? Bound() : BetweenTwo();
  }

 private:
  bool FindLayouts() {
    for (const std::string& target : {request_.source.from, request_.to}) {
      if (target.empty()) continue;
      const auto name = ResolveTarget(*rules_, target, diagnostics_);
      if (!name) return false;
      layouts_.push_back(rules_->FindLayout(name->layout));
    }
    if (!layouts_.empty()) return true;
    for (const CheckedLayout& layout : rules_->layouts) layouts_.push_back(&layout);
    return true;
  }

  std::string Checked() {
    std::string text;
    for (const CheckedLayout* layout : layouts_) text += CheckedText(*rules_, *layout);
    return text;
  }

  // Which rules know the key, what its captures are, and how the other layout stores the same
  // tensors.
  std::optional<std::string> OfKey() {
    const KeyTable table = MakeKeyTable({{request_.key, std::nullopt, std::nullopt}});
    std::string text;
    for (const CheckedLayout& layout : rules_->layouts) {
      if (!request_.source.from.empty() && &layout != layouts_[0]) continue;
      const LayoutMatch match = MatchKeys(layout, table);
      for (const EntryMatch& one : match.matches) {
        const CheckedEntry& entry = layout.entries[static_cast<size_t>(one.entry)];
        std::vector<std::string> captures;
        for (const auto& [axis, value] : one.captures)
          captures.push_back(fmt::format("{} = {}", axis, value));
        text += fmt::format("{} is in layout {}, block {}{}{}\n", request_.key, layout.name.text,
                            rules_->file->blocks[static_cast<size_t>(entry.block)].name.text,
                            captures.empty() ? "" : ", ", fmt::join(captures, ", "));
        text += EntryText(*rules_, layout, entry, "  ");
        text += Elsewhere(layout, entry);
      }
    }
    if (!text.empty()) return text;
    diagnostics_->Add(
        Code::kUnmatchedKey, {},
        fmt::format("no layout of {} knows the key {}", rules_->file->family.text, request_.key));
    return std::nullopt;
  }

  std::string Elsewhere(const CheckedLayout& here, const CheckedEntry& entry) {
    std::string text;
    for (const CheckedLayout* layout : layouts_) {
      if (layout == &here) continue;
      for (const CheckedEntry& other : layout->entries) {
        const bool shares =
            std::any_of(other.leaves.begin(), other.leaves.end(), [&](const CheckedLeaf& a) {
              return std::any_of(entry.leaves.begin(), entry.leaves.end(),
                                 [&](const CheckedLeaf& b) { return a.tensor == b.tensor; });
            });
        if (!shares) continue;
        text += fmt::format("  in {}:\n", layout->name.text) +
                EntryText(*rules_, *layout, other, "    ");
      }
    }
    return text;
  }

  bool ReadSizes() {
    const std::string& path = request_.source.config;
    if (!path.empty()) {
      std::optional<Config> read = ReadConfigFile(files_, path, diagnostics_);
      if (!read) return false;
      config_ = std::move(*read);
    }
    ApplySettings(request_.source.set, &config_, &given_, diagnostics_);
    return CheckSettings(request_.source.set, *rules_, {}, library_, diagnostics_) &&
           !diagnostics_->HasErrors();
  }

  std::optional<std::string> Bound() {
    const Model model(*rules_, config_, given_);
    std::string text;
    for (const CheckedLayout* layout : layouts_) {
      const std::optional<KeyTable> table = SyntheticKeys(
          model, *layout, Dtype::kBF16, [](size_t) { return true; }, diagnostics_);
      if (!table) return std::nullopt;
      text += fmt::format("{} {}: {} tensors\n", rules_->file->family.text, layout->name.text,
                          WithCommas(table->keys.size()));
      for (const FoundKey& key : table->keys) {
        if (request_.key.empty() || request_.key == key.name)
          text += fmt::format("  {} [{}]\n", key.name, fmt::join(*key.shape, ", "));
      }
    }
    return text;
  }

  std::optional<std::string> BetweenTwo() {
    if (layouts_.size() != 2 || request_.source.from.empty()) {
      diagnostics_
          ->Add(Code::kUnknownLayout, {},
                fmt::format("stage {} is between two layouts", request_.stage))
          .help = "give --from and --to";
      return std::nullopt;
    }
    const Model model(*rules_, config_, given_);
    const std::optional<KeyTable> table = SyntheticKeys(
        model, *layouts_[0], Dtype::kBF16, [](size_t) { return true; }, diagnostics_);
    if (!table) return std::nullopt;
    const auto bound = BindSource(*rules_, *layouts_[0], config_, given_, *table, {}, diagnostics_);
    if (!bound || diagnostics_->HasErrors()) return std::nullopt;
    ConversionOptions options;
    options.allow_lossy = options.allow_partial = true;
    const auto conversion = BuildConversion(*bound, *table, *layouts_[1], options, diagnostics_);
    if (!conversion) return std::nullopt;
    if (request_.stage == "numpy" || request_.stage == "torch") {
      return CodeText(*bound, *conversion,
                      request_.stage == "torch" ? CodeDialect::kTorch : CodeDialect::kNumpy,
                      diagnostics_);
    }
    return request_.stage == "graph" ? GraphStage(OptimizeGraph(conversion->graph, {}))
                                     : PlanStage(MakePlan(conversion->graph, {}, diagnostics_));
  }

  std::string GraphStage(const Graph& graph) {
    std::string text = fmt::format(
        "{} edges; element of source -> element of destination, count x (stride -> stride)\n",
        graph.edges.size());
    for (const Product& product : graph.products) {
      const std::string& what = graph.sources[product.source].key;
      if (request_.key.empty() || request_.key == what)
        text += fmt::format("{} times {}, element of factor -> element\n  {}\n", what,
                            graph.sources[product.factor].key, CopyText(product.copy));
    }
    for (const Edge& edge : graph.edges) {
      const std::string& from = graph.sources[edge.source].key;
      const std::string& to = graph.destinations[edge.destination].key;
      if (!request_.key.empty() && request_.key != from && request_.key != to) continue;
      text += fmt::format("{} -> {}{}\n  {}\n", from, to,
                          edge.kind == EdgeKind::kCompare ? " (compare)" : "", CopyText(edge.copy));
    }
    return text;
  }

  std::string PlanStage(const Plan& plan) {
    std::string text =
        fmt::format("{} steps, {} read, {} written, buffers of {} and {} bytes\n",
                    plan.steps.size(), HumanBytes(plan.bytes_read), HumanBytes(plan.bytes_written),
                    plan.largest_read, plan.largest_write);
    for (const Step& step : plan.steps) {
      if (request_.key.empty() || request_.key == plan.destinations[step.destination].key)
        text += StepText(plan, step);
    }
    return text;
  }

  const Files& files_;
  RuleLibrary* library_;
  const ExplainRequest& request_;
  Diagnostics* diagnostics_;
  RulesPtr rules_;
  std::vector<const CheckedLayout*> layouts_;
  Config config_;
  std::map<std::string, int64_t> given_;
};

}  // namespace

std::optional<std::string> Explain(const Files& files, RuleLibrary* library,
                                   const ExplainRequest& request, Diagnostics* diagnostics) {
  return Explainer(files, library, request, diagnostics).Run();
}

}  // namespace rr
