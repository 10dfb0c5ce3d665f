#include "plan/adapter_conversion.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "bind/key_regex.h"
#include "plan/adapter_groups.h"
#include "plan/adapter_keep.h"
#include "plan/adapter_missing.h"
#include "plan/adapter_modules.h"
#include "plan/adapter_rank.h"
#include "plan/adapter_saved.h"
#include "plan/adapter_shared.h"
#include "plan/adapter_uniform.h"
#include "plan/adapter_variants.h"
#include "plan/adapter_wrapped.h"
#include "plan/defaults.h"
#include "plan/destination_order.h"
#include "plan/edge_builder.h"
#include "plan/join.h"
#include "plan/left_out.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

constexpr size_t kShownModules = 5;

class AdapterGraphBuilder {
 public:
  AdapterGraphBuilder(const BoundSource& source, const AdapterSource& adapter,
                      const KeyTable& table, const CheckedLayout& destination,
                      const LoaderNeeds& needs, const ConversionOptions& options, ReadTensor read,
                      Diagnostics* diagnostics)
      : source_(source),
        adapter_(adapter),
        rules_(source.model->rules()),
        table_(table),
        layout_(destination),
        needs_(needs),
        options_(options),
        diagnostics_(diagnostics),
        values_(source, adapter.sliced, table, std::move(read)),
        edges_(*source.model, options, &conversion().graph, diagnostics) {}

  std::optional<AdapterConversion> Run() {
    errors_ = diagnostics_->ErrorCount();
    source_.model->CheckConfig(layout_, diagnostics_);
    source_.model->CheckRequirements(layout_, diagnostics_);
    if (Failed()) return std::nullopt;
    Choose();
    if (!Structure() || !Decide() || !MakeDestination()) return std::nullopt;
    MakeSources();
    AddFactors();
    MoveSaved(source_, conversion().destination, &edges_, diagnostics_);
    if (!needs_.absent_stays)
      CheckSavedWhole(source_, conversion().destination, diagnostics_);
    else
      NoteUnchanged(source_, adapter_, groups_, conversion().destination, &conversion().notes);
    ReportLost(conversion().destination);
    if (Failed() || !edges_.good()) return std::nullopt;
    OrderDestinations(&conversion().graph);
    conversion().lossy = edges_.Lossy();
    for (std::string& key : DroppedKeys(source_, table_, diagnostics_))
      conversion().dropped.push_back(std::move(key));
    for (std::string& size :
         SizesByDefault(*source_.model, source_.layout, conversion().destination))
      conversion().defaulted.push_back(std::move(size));
    Describe();
    return std::move(result_);
  }

 private:
  Conversion& conversion() { return result_.conversion; }
  bool Failed() const { return diagnostics_->ErrorCount() > errors_; }
  const CheckedEntry& EntryOf(const BoundLayout& bound, uint32_t stored) const {
    return bound.EntryOf(bound.tensors[stored]);
  }
  const LogicalTensor& TensorOf(const BoundLayout& bound, const BoundPiece& piece) const {
    return rules_.tensors[static_cast<size_t>(bound.leaves[piece.leaf].tensor)];
  }

  void Choose() {
    choice_ = DefaultChoice(layout_);
    KeepPrefixes(*source_.layout.layout, source_.layout.choice, layout_, &choice_);
    // Of a block without factors nothing is written: its sizes may be unknown.
    for (size_t b = 0; b < choice_.present.size(); ++b)
      choice_.present[b] = choice_.present[b] && source_.layout.choice.present[b];
    if (needs_.choice != nullptr) {
      for (const auto& [name, variant] : needs_.choice->prefixes) {
        const auto own = choice_.prefixes.find(name);
        if (own != choice_.prefixes.end()) own->second = variant;
      }
      for (size_t b = 0; b < choice_.variants.size(); ++b) {
        if (needs_.choice->variants[b] < layout_.variant_counts[b])
          choice_.variants[b] = needs_.choice->variants[b];
      }
    } else {
      ChooseAdapterVariants(adapter_, *source_.model, layout_, options_, &values_, &choice_);
    }
  }

  // The destination with ranks of one: which slices it stores together.
  bool Structure() {
    InstantiateOptions instantiate;
    instantiate.rank_of = [](const std::string&) { return std::optional<int64_t>(1); };
    std::optional<BoundLayout> bound =
        Instantiate(*source_.model, layout_, choice_, instantiate, diagnostics_);
    if (!bound) return false;
    structure_ = CutIntoSlices(*bound, rules_);
    groups_ = GroupSlices(structure_);
    for (SliceGroup& group : groups_) {
      for (const SliceKey& slice : group.slices) {
        placed_.insert(slice);
        if (adapter_.facts.count(slice) == 0) group.missing.push_back(slice);
      }
    }
    return true;
  }

  bool Decide() {
    if (!needs_.absent_stays &&
        !CheckMissing(adapter_, rules_, structure_, groups_, options_.fill_zero,
                      &conversion().defaulted, diagnostics_)) {
      // All at once: help for one must not end at another.
      CheckSavedWhole(source_, structure_.bound, diagnostics_);
      ReportLost(structure_.bound);
      return false;
    }
    own_ = OwnRanks(adapter_, Splits() ? &groups_ : nullptr, &values_, &conversion().notes);
    JoinRanks(adapter_, rules_, own_, options_, &values_, &groups_, &conversion().notes,
              diagnostics_);
    if (Failed()) return false;
    if (options_.rank)
      GiveRank(adapter_, rules_, *options_.rank, &values_, &own_, &groups_, &conversion().notes,
               diagnostics_);
    if (Failed()) return false;
    result_.scaled_rank = MakeUniform(*source_.model, layout_, needs_, options_, &groups_,
                                      &conversion().notes, diagnostics_);
    AlignParts(structure_, layout_, choice_, &groups_, &conversion().notes);
    for (size_t g = 0; g < groups_.size(); ++g) {
      for (const uint32_t stored : groups_[g].stored) {
        group_of_[structure_.bound.tensors[stored].key] = g;
        for (const SliceKey& slice : groups_[g].slices) group_of_slice_[slice] = g;
      }
    }
    return !Failed();
  }

  // Whether parts that the source stores together are stored apart.
  bool Splits() const {
    if (options_.fuse != FuseMode::kAuto) return false;
    std::map<SliceKey, std::set<int>> parts_of;
    const auto parts = [](const SliceGroup& group) {
      std::set<int> weights;
      for (const SliceKey& slice : group.slices) weights.insert(slice.weight);
      return weights;
    };
    for (const SliceGroup& group : groups_) {
      const std::set<int> weights = parts(group);
      for (const SliceKey& slice : group.slices) parts_of[slice] = weights;
    }
    for (const SliceGroup& group : GroupSlices(adapter_.sliced)) {
      const auto found = parts_of.find(group.slices[0]);
      if (found != parts_of.end() && found->second != parts(group)) return true;
    }
    return false;
  }

  bool MakeDestination() {
    InstantiateOptions instantiate;
    instantiate.rank_of = [this](const std::string& key) -> std::optional<int64_t> {
      const auto group = group_of_.find(key);
      if (group == group_of_.end() || !groups_[group->second].HasSource()) return std::nullopt;
      return groups_[group->second].rank;
    };
    std::optional<BoundLayout> bound =
        Instantiate(*source_.model, layout_, choice_, instantiate, diagnostics_);
    if (!bound) return false;
    if (!KeepWhatIsThere(source_, adapter_, options_.only, &*bound, diagnostics_)) return false;
    if (needs_.only_pairs &&
        !KeepPairs(*needs_.only_pairs, rules_, options_.allow_partial, &*bound, diagnostics_))
      return false;
    for (const BoundTensor& tensor : bound->tensors) {
      if (tensor.unknown_axis.empty()) continue;
      ReportUnknownShape(tensor, {}, diagnostics_);
      return false;
    }
    if (!CheckStandIns(*bound)) return false;
    wrapped_ = NameWrapped(&*bound);
    if (!CheckShared(adapter_, rules_, *bound, own_, &values_, diagnostics_)) return false;
    conversion().destination = std::move(*bound);
    for (const BoundTensor& tensor : conversion().destination.tensors)
      conversion().graph.destinations.push_back({tensor.key, Dtype::kF32, tensor.shape});
    edges_.Reset();
    return true;
  }

  // Sizes of which only products are known are good for what both layouts store alike.
  bool CheckStandIns(const BoundLayout& bound) {
    std::set<std::string> known;
    for (const BoundTensor& tensor : source_.layout.tensors)
      known.insert(StorageOf(*source_.layout.layout, source_.layout.EntryOf(tensor)));
    std::set<int> checked;
    for (const BoundTensor& tensor : bound.tensors) {
      if (!checked.insert(tensor.entry).second) continue;
      const CheckedEntry& entry = bound.EntryOf(tensor);
      const std::string axis = source_.model->StandInOf(entry);
      if (axis.empty() || known.count(StorageOf(layout_, entry)) > 0) continue;
      diagnostics_
          ->Add(Code::kUnknownSize, entry.rule->place,
                fmt::format("to store {} the size of {} must be known", tensor.key, axis))
          .help = fmt::format("give --config, or --set {}=N", axis);
      return false;
    }
    return true;
  }

  void MakeSources() {
    for (const FoundKey& key : table_.keys) {
      conversion().graph.sources.push_back(
          {key.name, key.dtype.value_or(Dtype::kF32), key.shape.value_or(std::vector<int64_t>{})});
    }
  }

  // Pieces of factors on both sides, with the ranks of each slice, joined.
  void AddFactors() {
    SlicedLayout to = CutIntoSlices(conversion().destination, rules_);
    SlicedLayout from = adapter_.sliced;
    std::vector<BoundPiece> from_pieces, to_pieces;
    for (auto& [slice, pieces] : to.slices) {
      const auto own = own_.find(slice);
      if (own == own_.end()) continue;
      const SliceGroup& group = groups_[group_of_slice_.at(slice)];
      const SlicePieces& theirs = from.slices.at(slice);
      for (const Factor factor : {Factor::kA, Factor::kB, Factor::kMagnitude, Factor::kBias}) {
        const bool ranked = factor == Factor::kA || factor == Factor::kB;
        for (const uint32_t p : theirs.Of(factor)) {
          BoundPiece piece = from.bound.pieces[p];
          if (ranked) TakeRanks(&from.bound, &piece, own->second.first, own->second.rank);
          from_pieces.push_back(std::move(piece));
        }
        for (const uint32_t p : pieces.Of(factor)) {
          BoundPiece piece = to.bound.pieces[p];
          if (ranked) TakeRanks(&to.bound, &piece, group.first.at(slice.weight), own->second.rank);
          to_pieces.push_back(std::move(piece));
        }
      }
    }
    from.bound.pieces = std::move(from_pieces);
    to.bound.pieces = std::move(to_pieces);
    std::set<std::tuple<uint32_t, int64_t, std::vector<int64_t>>> written;
    for (JoinedBox& box : Join(from.bound, to.bound, rules_, diagnostics_)) {
      const BoundPiece& piece = from.bound.pieces[box.source_piece];
      const BoundPiece& target = to.bound.pieces[box.destination_piece];
      const LogicalTensor& logical = TensorOf(to.bound, target);
      Edge edge;
      edge.source = source_.found[piece.stored];
      edge.destination = target.stored;
      edge.kind = box.kind;
      edge.copy = std::move(box.copy);
      // What several slices share is copied once and compared with the others.
      std::vector<int64_t> where;
      for (const CopyDim& dim : edge.copy.dims) where.insert(where.end(), {dim.n, dim.dst});
      if (!written.insert({target.stored, edge.copy.dst_start, std::move(where)}).second)
        edge.kind = EdgeKind::kCompare;
      double factor = 1;
      if (logical.factor == Factor::kB || logical.factor == Factor::kBias) {
        SliceKey slice{
            WeightOf(rules_, to.bound.leaves[target.leaf].tensor),
            {target.fixed.begin(), target.fixed.begin() + static_cast<int64_t>(logical.batch)}};
        factor = Folded(slice);
      }
      edges_.Add(std::move(edge), EntryOf(source_.layout, piece.stored),
                 EntryOf(conversion().destination, target.stored), factor);
    }
  }

  // What B is multiplied by so that the group's scale is right for this slice.
  double Folded(const SliceKey& slice) const {
    const SliceGroup& group = groups_[group_of_slice_.at(slice)];
    const std::optional<double> scale = adapter_.ScaleOf(slice);
    if (!scale || !group.scale || *scale == *group.scale) return 1;
    return *scale / *group.scale;
  }

  // The piece with only some of its ranks.
  void TakeRanks(BoundLayout* bound, BoundPiece* piece, int64_t first, int64_t count) const {
    BoundLeaf leaf = bound->leaves[piece->leaf];
    const size_t axis = RankAxisOf(rules_.tensors[static_cast<size_t>(leaf.tensor)]);
    std::vector<BoundLeaf::Digit>& digits = leaf.axes[axis].digits;
    if (digits.size() != 1 || (first == 0 && digits[0].n == count)) return;
    piece->start += first * digits[0].stride;
    digits[0].n = count;
    piece->leaf = static_cast<uint32_t>(bound->leaves.size());
    bound->leaves.push_back(std::move(leaf));
  }

  // Factors of the source that the destination has no place for.
  void ReportLost(const BoundLayout& destination) {
    std::set<std::string> factors;
    for (const auto& [slice, facts] : adapter_.facts) {
      if (placed_.count(slice) == 0) factors.insert(rules_.FullName(slice.weight));
    }
    std::set<int> has_magnitude, has_bias;
    for (const BoundPiece& piece : destination.pieces) {
      const int tensor = destination.leaves[piece.leaf].tensor;
      const Factor factor = rules_.tensors[static_cast<size_t>(tensor)].factor;
      if (factor == Factor::kMagnitude) has_magnitude.insert(WeightOf(rules_, tensor));
      if (factor == Factor::kBias) has_bias.insert(WeightOf(rules_, tensor));
    }
    // Of what is written, so that PEFT does not make up magnitudes that were left out.
    result_.use_dora = !has_magnitude.empty();
    result_.lora_bias = !has_bias.empty();
    std::set<std::string> others;
    for (const auto& [slice, pieces] : adapter_.sliced.slices) {
      if (placed_.count(slice) == 0) continue;
      if (!pieces.magnitude.empty()) {
        if (has_magnitude.count(slice.weight) == 0)
          others.insert(rules_.FullName(slice.weight) + " (its DoRA magnitude)");
      }
      if (!pieces.bias.empty()) {
        if (has_bias.count(slice.weight) == 0)
          others.insert(rules_.FullName(slice.weight) + " (the bias of its B)");
      }
    }
    std::vector<std::string> all(factors.begin(), factors.end());
    all.insert(all.end(), others.begin(), others.end());
    for (std::string& name : LostSaved(source_, destination)) all.push_back(std::move(name));
    if (options_.only.empty() && !all.empty() && !options_.allow_partial) {
      diagnostics_
          ->Add(Code::kPartialConversion, layout_.name.place,
                fmt::format("layout `{}` has no place for {}", layout_.NameOfWeights(),
                            JoinWords(all, kShownModules)))
          .help = "--allow partial leaves them out";
    }
    for (std::string& name : all) conversion().left_out.push_back(std::move(name));
  }

  // Beside experts that are parameters PEFT takes modules of these names for theirs, wherever they
  // are (0.19.0, utils/transformers_weight_conversion.py _convert_peft_config_moe; later in
  // transformers): dense layers and shared experts would be lost. As parameters they are left
  // alone.
  bool NamedAsExperts(const std::string& weight) const {
    const bool has_parameters =
        std::any_of(layout_.entries.begin(), layout_.entries.end(),
                    [](const CheckedEntry& entry) { return entry.rule->parameter; });
    return has_parameters &&
           (weight.ends_with(".gate_proj.weight") || weight.ends_with(".up_proj.weight") ||
            weight.ends_with(".down_proj.weight"));
  }

  void Describe() {
    if (adapter_.config.present() && !adapter_.config.says_alpha())
      conversion().notes.push_back(
          "adapter_config.json has no lora_alpha: 8, which is PEFT's default");
    result_.use_rslora = adapter_.config.use_rslora();
    std::map<std::string, AdaptedModule> modules;
    const BoundLayout& bound = conversion().destination;
    for (const BoundTensor& tensor : bound.tensors) {
      const CheckedEntry& entry = bound.EntryOf(tensor);
      AdaptedModule module;
      module.weight = WeightKey(layout_, bound.choice, tensor);
      module.parameter = entry.rule->parameter;
      module.by_weight = !module.parameter && NamedAsExperts(module.weight);
      const auto group = group_of_.find(tensor.key);
      if (group == group_of_.end()) {
        if (wrapped_.count(tensor.key) == 0) result_.saved.push_back(module.weight);
        continue;
      }
      module.rank = groups_[group->second].rank;
      module.alpha = groups_[group->second].alpha;
      module.scale = groups_[group->second].scale;
      modules.emplace(module.weight, std::move(module));
    }
    for (auto& [weight, module] : modules) result_.modules.push_back(std::move(module));
    result_.all_modules = AllModules(*source_.model, structure_.bound);
  }

  const BoundSource& source_;
  const AdapterSource& adapter_;
  const CheckedRules& rules_;
  const KeyTable& table_;
  const CheckedLayout& layout_;
  const LoaderNeeds& needs_;
  const ConversionOptions& options_;
  Diagnostics* diagnostics_;
  AdapterConversion result_;
  FactorValues values_;
  EdgeBuilder edges_;
  size_t errors_ = 0;
  LayoutChoice choice_;
  SlicedLayout structure_;
  std::vector<SliceGroup> groups_;
  std::set<SliceKey> placed_;
  std::map<SliceKey, SourceRanks> own_;
  std::map<std::string, size_t> group_of_;  // by key of a stored factor
  std::map<SliceKey, size_t> group_of_slice_;
  std::set<std::string> wrapped_;  // keys of whole weights of modules that are adapted, too
};

}  // namespace

std::optional<AdapterConversion> BuildAdapterConversion(
    const BoundSource& source, const AdapterSource& adapter, const KeyTable& table,
    const CheckedLayout& destination, const LoaderNeeds& needs, const ConversionOptions& options,
    ReadTensor read, Diagnostics* diagnostics) {
  return AdapterGraphBuilder(source, adapter, table, destination, needs, options, std::move(read),
                             diagnostics)
      .Run();
}

}  // namespace rr
