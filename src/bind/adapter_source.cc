#include "bind/adapter_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "bind/scaled_rank.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

constexpr size_t kShownFactors = 5;

class Reader {
 public:
  Reader(const BoundSource& source, AdapterConfig config, const AdapterSourceOptions& options,
         Diagnostics* diagnostics)
      : source_(source),
        rules_(source.model->rules()),
        layout_(*source.layout.layout),
        options_(options),
        diagnostics_(diagnostics) {
    result_.config = std::move(config);
    result_.sliced = CutIntoSlices(source.layout, rules_);
  }

  std::optional<AdapterSource> Run() {
    const size_t errors = diagnostics_->ErrorCount();
    if (!CheckSizes()) return std::nullopt;
    CheckPartners();
    if (!options_.fill_zero) CheckExperts();
    if (diagnostics_->ErrorCount() > errors) return std::nullopt;
    FindFacts();
    CheckMagnitudes();
    if (diagnostics_->ErrorCount() > errors) return std::nullopt;
    return std::move(result_);
  }

 private:
  const std::string& KeyOf(uint32_t piece) const {
    return source_.layout.tensors[result_.sliced.bound.pieces[piece].stored].key;
  }

  int64_t RankIn(uint32_t piece) const {
    const BoundLeaf& leaf = result_.sliced.bound.leaves[result_.sliced.bound.pieces[piece].leaf];
    const size_t axis = RankAxisOf(rules_.tensors[static_cast<size_t>(leaf.tensor)]);
    int64_t rank = 1;
    for (const BoundLeaf::Digit& digit : leaf.axes[axis].digits) rank *= digit.n;
    return rank;
  }

  // A tensor of an unknown shape has no pieces: it would look as if it were not there.
  bool CheckSizes() {
    for (const BoundTensor& tensor : source_.layout.tensors) {
      if (tensor.unknown_axis.empty()) continue;
      ReportUnknownShape(tensor, source_.layout.EntryOf(tensor).rule->place, diagnostics_);
      return false;
    }
    return true;
  }

  void CheckPartners() {
    std::vector<std::string> lonely, unequal;
    for (const auto& [key, pieces] : result_.sliced.slices) {
      const bool has_a = !pieces.a.empty(), has_b = !pieces.b.empty();
      if (!has_a || !has_b) {
        const std::string what = has_a                 ? "A but no B"
                                 : has_b               ? "B but no A"
                                 : pieces.bias.empty() ? "a magnitude but no A and B"
                                                       : "a bias but no A and B";
        lonely.push_back(fmt::format("{} has {}", SliceName(rules_, key), what));
      } else if (has_a && RankIn(pieces.a[0]) != RankIn(pieces.b[0])) {
        unequal.push_back(fmt::format("{} has rank {} in {} and {} in {}", SliceName(rules_, key),
                                      RankIn(pieces.a[0]), KeyOf(pieces.a[0]), RankIn(pieces.b[0]),
                                      KeyOf(pieces.b[0])));
      }
    }
    if (!lonely.empty())
      diagnostics_->Add(
          Code::kMissingKey, {},
          fmt::format("factors lack their partner: {}", JoinWords(lonely, kShownFactors)));
    if (!unequal.empty())
      diagnostics_->Add(Code::kShapeMismatch, {}, JoinWords(unequal, kShownFactors));
  }

  // A layer may have no adapter. Of a layer that has one every expert has one: one expert less is a
  // file that was cut.
  void CheckExperts() {
    // By tensor and layer: the experts found.
    std::map<std::pair<int, int64_t>, std::set<std::vector<int64_t>>> groups;
    for (const auto& [key, pieces] : result_.sliced.slices) {
      if (key.batch.size() < 2) continue;
      groups[{key.weight, key.batch[0]}].insert({key.batch.begin() + 1, key.batch.end()});
    }
    std::vector<std::string> missing;
    for (const auto& [group, members] : groups) {
      const LogicalTensor& tensor = rules_.tensors[static_cast<size_t>(group.first)];
      std::vector<int64_t> sizes;
      for (size_t a = 1; a < tensor.batch; ++a)
        sizes.push_back(source_.model->SizeOf(tensor.axes[a], group.second).value_or(0));
      std::vector<int64_t> at(sizes.size(), 0);
      for (bool more = std::all_of(sizes.begin(), sizes.end(), [](int64_t n) { return n > 0; });
           more;) {
        if (members.count(at) == 0) {
          SliceKey lacking{group.first, {group.second}};
          lacking.batch.insert(lacking.batch.end(), at.begin(), at.end());
          missing.push_back(SliceName(rules_, lacking));
        }
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
    if (missing.empty()) return;
    diagnostics_
        ->Add(Code::kMissingKey, {},
              fmt::format("the adapter has no factors for {} expert{}: {}", missing.size(),
                          missing.size() == 1 ? "" : "s", JoinWords(missing, kShownFactors)))
        .help = "--fill zero takes what is missing as zero";
  }

  void FindFacts() {
    const AdapterStyle& style = *layout_.style;
    std::map<uint32_t, std::string> modules;  // per stored tensor
    for (const auto& [key, pieces] : result_.sliced.slices) {
      const uint32_t stored = result_.sliced.bound.pieces[pieces.b[0]].stored;
      const auto [at, is_new] = modules.emplace(stored, "");
      if (is_new) at->second = ModuleName(stored);
      SliceFacts facts;
      facts.rank = RankIn(pieces.b[0]);
      const std::string& module = at->second;
      facts.alpha = result_.config.AlphaOf(module);
      const bool said_by_run = options_.run_config && result_.config.says_rank();
      if (is_new && (style.config_rank || said_by_run) && result_.config.present()) {
        const std::optional<int64_t> said = SaidRank(style, key, module);
        if (!said) ++unchecked_;
        if (said && *said != facts.rank) Contradicts(stored, module, facts.rank, *said);
      }
      result_.facts.emplace(key, facts);
    }
    if (contradicted_ > kShownFactors)
      diagnostics_->Add(Code::kRankMismatch, {},
                        fmt::format("{} more modules have another rank than the config says",
                                    contradicted_ - kShownFactors));
    if (unchecked_ > 0)
      diagnostics_->Add(
          Code::kOddFile, {},
          fmt::format("the rank of {} modules is not checked against run_config.yaml: it follows "
                      "from how many experts a token takes, which the model's config does not say",
                      unchecked_));
    if (options_.run_config && !result_.config.says_rank())
      diagnostics_->Add(Code::kOddFile, {},
                        "run_config.yaml gives no peft.dim: the ranks of the tensors are not "
                        "checked");
  }

  // A pattern names the module, and so wins over what is said of all experts. Unknown where the
  // rank of experts follows from something that the model's config does not say.
  std::optional<int64_t> SaidRank(const AdapterStyle& style, const SliceKey& slice,
                                  const std::string& module) const {
    const int64_t said = result_.config.RankOf(module);
    const bool scaled =
        options_.scaled_rank && style.scaled_rank && !result_.config.HasRankPattern(module) &&
        IsScaled(*style.scaled_rank, rules_.tensors[static_cast<size_t>(slice.weight)]);
    if (!scaled) return said;
    const std::optional<int64_t> scaled_rank =
        ScaledRankOf(*style.scaled_rank, said, *source_.model);
    return scaled_rank || options_.run_config ? scaled_rank : said;
  }

  // "4096 = E 256 * rank 16, but adapter_config.json says 32"
  void Contradicts(uint32_t stored, const std::string& module, int64_t rank, int64_t said) {
    if (++contradicted_ > kShownFactors) return;
    const BoundTensor& tensor = source_.layout.tensors[stored];
    const CheckedEntry& entry = layout_.entries[static_cast<size_t>(tensor.entry)];
    std::string why;
    for (size_t d = 0; d < entry.shape.size(); ++d) {
      const std::vector<std::string> axes = entry.shape[d].Axes();
      if (!entry.shape[d].Has(kRankAxis) || axes.size() < 2) continue;
      for (const std::string& axis : axes) {
        if (axis != kRankAxis)
          why += fmt::format(" ({} = {} {} x rank {})", tensor.shape[d], axis,
                             source_.model->SizeOf(axis).value_or(0), rank);
      }
    }
    Diagnostic& d = diagnostics_->Add(
        Code::kRankMismatch, {},
        fmt::format("{} has rank {}{}, but {} gives {} rank {}", tensor.key, rank, why,
                    options_.run_config ? "run_config.yaml" : "adapter_config.json", module, said));
    d.help =
        options_.run_config ? "peft.dim, and peft.normalize_moe_lora for experts: is it the "
                              "run_config.yaml of this "
                              "adapter? Without the file --alpha says what alpha is"
        : result_.config.says_rank()
            ? "set r, or add the module to rank_pattern and alpha_pattern of adapter_config.json"
            : "adapter_config.json says no r, which PEFT reads as 8";
  }

  std::string ModuleName(uint32_t stored) const {
    const BoundTensor& tensor = source_.layout.tensors[stored];
    std::string weight = WeightKey(layout_, source_.layout.choice, tensor);
    const bool parameter = layout_.entries[static_cast<size_t>(tensor.entry)].rule->parameter;
    return parameter ? weight : ModuleOfWeight(std::move(weight));
  }

  void CheckMagnitudes() {
    const auto& slices = result_.sliced.slices;
    const bool any = std::any_of(slices.begin(), slices.end(),
                                 [](const auto& slice) { return !slice.second.magnitude.empty(); });
    if (result_.config.use_dora() && !any && !slices.empty())
      diagnostics_->Add(Code::kMissingKey, {},
                        "adapter_config.json has use_dora, but the file has no magnitudes "
                        "(lora_magnitude_vector): the writer dropped them");
    for (const auto& [key, pieces] : slices) {
      if (!any || !pieces.magnitude.empty()) continue;
      diagnostics_->Add(
          Code::kMissingKey, {},
          fmt::format("{} has no DoRA magnitude, others have one", SliceName(rules_, key)));
      return;
    }
  }

  const BoundSource& source_;
  const CheckedRules& rules_;
  const CheckedLayout& layout_;
  const AdapterSourceOptions& options_;
  Diagnostics* diagnostics_;
  AdapterSource result_;
  size_t contradicted_ = 0, unchecked_ = 0;
};

}  // namespace

std::optional<double> AdapterSource::ScaleOf(const SliceKey& slice) const {
  const auto found = facts.find(slice);
  if (found == facts.end() || !found->second.alpha) return std::nullopt;
  return config.ScaleOf(*found->second.alpha, found->second.rank);
}

std::optional<AdapterSource> ReadAdapterSource(const BoundSource& source, AdapterConfig config,
                                               const AdapterSourceOptions& options,
                                               Diagnostics* diagnostics) {
  return Reader(source, std::move(config), options, diagnostics).Run();
}

}  // namespace rr
