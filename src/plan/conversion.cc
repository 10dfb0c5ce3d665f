#include "plan/conversion.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "bind/key_regex.h"
#include "plan/defaults.h"
#include "plan/destination_order.h"
#include "plan/edge_builder.h"
#include "plan/join.h"
#include "plan/known_elements.h"
#include "plan/left_out.h"
#include "plan/passed_name.h"
#include "plan/products.h"
#include "plan/quantized_moves.h"
#include "plan/value_words.h"

namespace rr {
namespace {

constexpr size_t kShownTensors = 3;

class GraphBuilder {
 public:
  GraphBuilder(const BoundSource& source, const KeyTable& table, const CheckedLayout& destination,
               const ConversionOptions& options, Diagnostics* diagnostics)
      : source_(source),
        rules_(source.model->rules()),
        table_(table),
        layout_(destination),
        options_(options),
        diagnostics_(diagnostics),
        edges_(*source.model, options, &result_.graph, diagnostics) {}

  std::optional<Conversion> Run() {
    const size_t errors = diagnostics_->ErrorCount();
    if (!MakeDestination()) return std::nullopt;
    MakeSources();
    PairIdentical();
    if (!CheckOddShapes()) return std::nullopt;
    const std::set<int> factors =
        AddProducts(source_, table_, result_.destination, &result_.graph, diagnostics_);
    std::vector<int> lost = LostTensors(source_, result_.destination);
    std::erase_if(lost, [&](int tensor) { return factors.count(tensor) > 0; });
    LeaveOutTensors(lost);
    JoinRest();
    AddDefaults();
    Pass();
    if (diagnostics_->ErrorCount() == errors) {
      CheckCover();
      lost.insert(lost.end(), factors.begin(), factors.end());
      if (!only_) LeaveOut(UnreadKeys(source_, table_, result_.graph, lost, paired_source_));
    }
    if (diagnostics_->ErrorCount() > errors || !good_ || !edges_.good()) return std::nullopt;
    AddCutPads(source_, table_, &result_);
    NotePads(source_, result_.destination, paired_, &result_.notes);
    ResolveQuantized(table_, options_, &result_.graph, &result_.notes, diagnostics_);
    if (diagnostics_->ErrorCount() > errors) return std::nullopt;
    OrderDestinations(&result_.graph);
    result_.lossy = edges_.Lossy();
    for (std::string& product : ProductsText(rules_, result_))
      result_.lossy.push_back(std::move(product));
    for (std::string& size : SizesByDefault(*source_.model, source_.layout, result_.destination))
      result_.defaulted.push_back(std::move(size));
    for (std::string& key : DroppedKeys(source_, table_, diagnostics_))
      result_.dropped.push_back(std::move(key));
    return std::move(result_);
  }

 private:
  const CheckedEntry& SourceEntry(uint32_t tensor) const {
    return source_.layout.EntryOf(source_.layout.tensors[tensor]);
  }
  const CheckedEntry& DestinationEntry(uint32_t tensor) const {
    return result_.destination.EntryOf(result_.destination.tensors[tensor]);
  }

  bool MakeDestination() {
    const size_t errors = diagnostics_->ErrorCount();
    source_.model->CheckConfig(layout_, diagnostics_);
    source_.model->CheckRequirements(layout_, diagnostics_);
    if (diagnostics_->ErrorCount() > errors) return false;
    LayoutChoice choice = DefaultChoice(layout_);
    KeepPrefixes(*source_.layout.layout, source_.layout.choice, layout_, &choice);
    for (size_t b = 0; b < choice.present.size(); ++b) {
      const TableRule* theirs = source_.layout.layout->tables[b];
      const bool known = theirs != nullptr && HasOnlyDefaults(*theirs);
      choice.present[b] = choice.present[b] && (source_.layout.choice.present[b] || known);
      if (theirs == layout_.tables[b]) choice.variants[b] = source_.layout.choice.variants[b];
    }
    if (options_.choice != nullptr) {
      choice.prefixes = options_.choice->prefixes;
      choice.variants = options_.choice->variants;
    }
    InstantiateOptions instantiate;
    if (options_.copies) instantiate.copies = &*options_.copies;
    std::optional<BoundLayout> bound =
        Instantiate(*source_.model, layout_, choice, instantiate, diagnostics_);
    if (!bound) return false;
    result_.destination = std::move(*bound);
    KeepKnown();
    if (options_.only_present && &layout_ == source_.layout.layout) KeepPresent();
    if (!options_.only.empty() && !KeepOnly()) return false;
    for (const BoundTensor& tensor : result_.destination.tensors) {
      result_.graph.destinations.push_back({tensor.key, Dtype::kF32, tensor.shape});
    }
    edges_.Reset();
    paired_.assign(result_.destination.tensors.size(), false);
    return true;
  }

  bool KeepOnly() {
    only_ = KeyRegex::Compile("--only", options_.only, diagnostics_);
    if (!only_) return false;
    const size_t left_out = Keep([&](const std::string& key) { return only_->IsFoundIn(key); });
    if (left_out > 0 && result_.destination.tensors.empty()) {
      diagnostics_->Add(
          Code::kUnmatchedKey, {},
          fmt::format("--only leaves nothing: `{}` is found in none of the {} keys of "
                      "layout `{}`",
                      options_.only, left_out, layout_.name.text));
      return false;
    }
    if (left_out > 0)
      result_.notes.push_back(fmt::format("{} tensors are left out by --only", left_out));
    return true;
  }

  // A tensor of which the source has nothing, at no index, is absent in the destination too.
  void KeepKnown() {
    std::set<int> known;
    for (const BoundPiece& piece : source_.layout.pieces)
      known.insert(source_.layout.leaves[piece.leaf].tensor);
    // Of tensors with unknown sizes there are no pieces.
    for (const BoundTensor& tensor : source_.layout.tensors) {
      for (const CheckedLeaf& leaf : source_.layout.EntryOf(tensor).leaves)
        known.insert(leaf.tensor);
    }
    Diagnostics again;  // reported where they are used
    for (const auto& [tensor, value] : DefaultValues(*source_.model, source_.layout, &again))
      known.insert(tensor);
    std::map<std::string, bool> keep;
    std::set<std::string> absent;
    for (const BoundTensor& tensor : result_.destination.tensors) {
      const CheckedEntry& entry = result_.destination.EntryOf(tensor);
      bool& kept = keep[tensor.key];
      for (const CheckedLeaf& leaf : entry.leaves) kept = kept || known.count(leaf.tensor) > 0;
      if (kept) continue;
      for (const CheckedLeaf& leaf : entry.leaves) absent.insert(rules_.FullName(leaf.tensor));
    }
    if (absent.empty()) return;
    Keep([&](const std::string& key) { return keep.at(key); });
    result_.notes.push_back(fmt::format("the source has no {}, and so the destination",
                                        JoinWords({absent.begin(), absent.end()}, 5)));
  }

  void KeepPresent() {
    std::set<std::string> present;
    for (const BoundTensor& tensor : source_.layout.tensors) present.insert(tensor.key);
    Keep([&](const std::string& key) { return present.count(key) > 0; });
  }

  // Leaves out the destination's other tensors, and says how many.
  template <class Wanted>
  size_t Keep(const Wanted& wanted) {
    BoundLayout& bound = result_.destination;
    std::vector<uint32_t> new_index;
    std::vector<BoundTensor> kept;
    for (BoundTensor& tensor : bound.tensors) {
      const bool keep = wanted(tensor.key);
      new_index.push_back(keep ? static_cast<uint32_t>(kept.size()) : UINT32_MAX);
      if (keep) kept.push_back(std::move(tensor));
    }
    const size_t left_out = bound.tensors.size() - kept.size();
    bound.tensors = std::move(kept);
    std::erase_if(bound.pieces,
                  [&](const BoundPiece& piece) { return new_index[piece.stored] == UINT32_MAX; });
    for (BoundPiece& piece : bound.pieces) piece.stored = new_index[piece.stored];
    return left_out;
  }

  void MakeSources() {
    for (const FoundKey& key : table_.keys) {
      result_.graph.sources.push_back({key.name, key.dtype.value_or(Dtype::kBF16),
                                       key.shape.value_or(std::vector<int64_t>{}), key.stored_as});
    }
  }

  // A key that both sides describe with the same expression over the same captures moves as a
  // whole: no size is needed.
  void PairIdentical() {
    // Words of an entry, made once: a checkpoint has many tensors and few entries.
    std::map<std::string, int> words;
    auto words_of = [&](const CheckedLayout& layout) {
      std::vector<int> numbers;
      for (const CheckedEntry& entry : layout.entries)
        numbers.push_back(
            words.emplace(StorageOf(layout, entry), static_cast<int>(words.size())).first->second);
      return numbers;
    };
    const std::vector<int> theirs = words_of(*source_.layout.layout);
    const std::vector<int> ours = words_of(layout_);
    std::map<std::pair<int, std::vector<int64_t>>, uint32_t> by_signature;
    std::map<std::string, uint32_t> copies;  // by key
    for (uint32_t i = 0; i < source_.layout.tensors.size(); ++i) {
      const CheckedEntry& entry = SourceEntry(i);
      if (entry.rule->pad) continue;
      if (!entry.rule->tied)
        by_signature[{theirs[static_cast<size_t>(source_.layout.tensors[i].entry)],
                      source_.layout.tensors[i].captures}] = i;
      else if (options_.copies && source_.layout.layout == &layout_)
        copies[source_.layout.tensors[i].key] = i;
    }
    for (uint32_t i = 0; i < result_.destination.tensors.size(); ++i) {
      const CheckedEntry& entry = DestinationEntry(i);
      if (entry.rule->pad) continue;
      const auto found =
          by_signature.find({ours[static_cast<size_t>(result_.destination.tensors[i].entry)],
                             result_.destination.tensors[i].captures});
      const auto copy = copies.find(result_.destination.tensors[i].key);
      if (found == by_signature.end() && copy == copies.end()) continue;
      const uint32_t from = copy != copies.end() ? copy->second : found->second;
      const uint32_t key = source_.found[from];
      if (!table_.keys[key].shape) continue;
      paired_[i] = true;
      paired_source_.insert(from);
      GraphTensor& tensor = result_.graph.destinations[i];
      tensor.shape = *table_.keys[key].shape;
      Edge edge;
      edge.source = key;
      edge.destination = i;
      edge.copy.dims.push_back({tensor.Count(), 1, 1});
      edges_.Add(std::move(edge), SourceEntry(from), entry);
    }
  }

  // What the destination has no place for must be allowed, and is in the report.
  void LeaveOut(std::vector<std::string> names) {
    if (!names.empty() && !options_.allow_partial) {
      diagnostics_
          ->Add(Code::kPartialConversion, layout_.name.place,
                fmt::format("layout `{}` does not hold {}", layout_.name.text, JoinWords(names)))
          .help = "--allow partial leaves them out";
      good_ = false;
    }
    for (std::string& name : names) result_.left_out.push_back(std::move(name));
  }

  void LeaveOutTensors(const std::vector<int>& lost) {
    const std::set<int> known =
        AddKnownTensors(source_, table_, lost, !options_.allow_partial, &result_, diagnostics_);
    std::vector<std::string> texts;
    for (const int tensor : lost) {
      if (known.count(tensor) == 0) texts.push_back(LostText(source_, result_.destination, tensor));
    }
    LeaveOut(std::move(texts));
  }

  // A tensor whose shape contradicts the config moves only as a whole, and only when that is
  // allowed.
  bool CheckOddShapes() {
    std::vector<std::string> keys;
    for (const uint32_t odd : source_.odd_shapes) {
      const std::string& name = table_.keys[source_.found[odd]].name;
      if (paired_source_.count(odd) > 0) {
        result_.notes.push_back(
            fmt::format("{} moved unchanged: its shape contradicts the config", name));
      } else {
        keys.push_back(name);
      }
    }
    if (keys.empty()) return true;
    diagnostics_->Add(Code::kShapeAgainstConfig, {},
                      fmt::format("{} cannot be converted: their shapes contradict the config and "
                                  "`{}` stores them otherwise",
                                  JoinWords(keys), layout_.name.text));
    return false;
  }

  void JoinRest() {
    // Pieces of tensors that move as a whole are done.
    BoundLayout rest = result_.destination;
    std::erase_if(rest.pieces, [&](const BoundPiece& piece) { return paired_[piece.stored]; });
    for (uint32_t i = 0; i < rest.tensors.size(); ++i) {
      if (paired_[i]) continue;
      const CheckedEntry& entry = DestinationEntry(i);
      BoundTensor& tensor = rest.tensors[i];
      // A size of which only a product is known is as good as unknown.
      if (tensor.unknown_axis.empty()) tensor.unknown_axis = source_.model->StandInOf(entry);
      if (tensor.unknown_axis.empty()) continue;
      if (!unknown_reported_.insert(tensor.unknown_axis).second) continue;
      ReportUnknownShape(tensor, entry.rule->place, diagnostics_);
      good_ = false;
    }
    needed_.assign(rest.tensors.size(), 0);
    covered_.assign(rest.tensors.size(), 0);
    for (const BoundPiece& piece : rest.pieces) needed_[piece.stored] += rest.CountOf(piece);
    AddJoined(source_.layout, rest);
    // A tied copy is compared also with what moved as a whole, unless it did so itself.
    BoundLayout tied = source_.layout;
    std::erase_if(tied.pieces, [&](const BoundPiece& piece) {
      return !tied.leaves[piece.leaf].tied ||
             (options_.copies && paired_source_.count(piece.stored) > 0);
    });
    if (tied.pieces.empty()) return;
    BoundLayout moved = result_.destination;
    std::erase_if(moved.pieces, [&](const BoundPiece& piece) { return !paired_[piece.stored]; });
    AddJoined(tied, moved);
  }

  void AddJoined(const BoundLayout& source, const BoundLayout& destination) {
    for (JoinedBox& box : Join(source, destination, rules_, diagnostics_)) {
      const BoundPiece& from = source.pieces[box.source_piece];
      const BoundPiece& to = destination.pieces[box.destination_piece];
      Edge edge;
      edge.source = source_.found[from.stored];
      edge.destination = to.stored;
      edge.kind = box.kind;
      edge.copy = std::move(box.copy);
      if (edge.kind == EdgeKind::kCopy) covered_[to.stored] += edge.copy.Count();
      edges_.Add(std::move(edge), SourceEntry(from.stored), DestinationEntry(to.stored));
    }
  }

  // Tensors that the source's layout does not store but gives a value for.
  void AddDefaults() {
    const std::map<int, double> values =
        DefaultValues(*source_.model, source_.layout, diagnostics_);
    if (values.empty()) return;
    const Dtype common = MostCommonFloat(table_);
    const BoundLayout& bound = result_.destination;
    std::map<int, uint32_t> sources;
    for (const BoundPiece& piece : bound.pieces) {
      const BoundLeaf& leaf = bound.leaves[piece.leaf];
      const auto value = values.find(leaf.tensor);
      if (value == values.end() || paired_[piece.stored]) continue;
      auto [at, is_new] =
          sources.emplace(leaf.tensor, static_cast<uint32_t>(result_.graph.sources.size()));
      if (is_new) {
        result_.graph.sources.push_back(
            {fmt::format("<default of {}>", rules_.FullName(leaf.tensor)), Dtype::kF64, {}});
        result_.constants.push_back(value->second);
        result_.defaulted.push_back(
            fmt::format("{} = {}", rules_.FullName(leaf.tensor), value->second));
      }
      GraphTensor& destination = result_.graph.destinations[piece.stored];
      const CheckedEntry& entry = DestinationEntry(piece.stored);
      edges_.GiveDtype(piece.stored,
                       entry.rule->cast ? *entry.rule->cast : options_.dtype.value_or(common));
      EntryRule nothing;
      std::optional<ValueOp> op = ComposeValueWords(*source_.model, nothing, *entry.rule,
                                                    Dtype::kF64, destination.dtype, diagnostics_);
      if (!op) continue;
      Edge edge;
      edge.source = at->second;
      edge.destination = piece.stored;
      edge.copy = BoxOf(leaf, piece);
      edge.copy.src_start = 0;
      for (CopyDim& dim : edge.copy.dims) dim.src = 0;
      covered_[piece.stored] += edge.copy.Count();
      edge.value_op = edges_.OpIndex(*op);
      result_.graph.edges.push_back(std::move(edge));
    }
  }

  void Pass() {
    std::vector<KeyRegex> passes;
    for (const SpannedText& regex : layout_.pass) {
      if (auto compiled = KeyRegex::Compile("pass", regex.text, diagnostics_))
        passes.push_back(std::move(*compiled));
    }
    for (const uint32_t key : source_.passed) {
      const FoundKey& found = table_.keys[key];
      const std::string name = PassedName(*source_.layout.layout, layout_, found.name);
      if (!found.shape || !found.dtype || (only_ && !only_->IsFoundIn(name))) continue;
      const bool known = std::any_of(passes.begin(), passes.end(),
                                     [&](const KeyRegex& regex) { return regex.Matches(name); });
      if (!known) {
        if (!options_.allow_partial)
          diagnostics_->Add(
              Code::kPartialConversion, {},
              fmt::format("layout `{}` has no place for {}", layout_.name.text, found.name));
        result_.left_out.push_back(found.name);
        continue;
      }
      Edge edge;
      edge.source = key;
      edge.destination = static_cast<uint32_t>(result_.graph.destinations.size());
      result_.graph.destinations.push_back({name, *found.dtype, *found.shape});
      edge.copy.dims.push_back({result_.graph.destinations.back().Count(), 1, 1});
      paired_.push_back(true);
      if (found.stored_as) {  // values that are computed are not unchanged anyhow
        static const EntryRule kNothing;
        CheckedEntry as_it_is;
        as_it_is.rule = &kNothing;
        edges_.Add(std::move(edge), as_it_is, as_it_is);
        continue;
      }
      edges_.GiveDtype(edge.destination, *found.dtype);
      result_.graph.edges.push_back(std::move(edge));
    }
  }

  void CheckCover() {
    std::vector<std::string> missing;
    for (size_t i = 0; i < needed_.size(); ++i) {
      if (!paired_[i] && covered_[i] != needed_[i])
        missing.push_back(result_.graph.destinations[i].key);
    }
    if (missing.empty()) return;
    diagnostics_->Add(
        Code::kMissingKey, {},
        fmt::format("layout `{}` does not hold what {} need{}", source_.layout.layout->name.text,
                    JoinWords(missing, kShownTensors), missing.size() == 1 ? "s" : ""));
  }

  const BoundSource& source_;
  const CheckedRules& rules_;
  const KeyTable& table_;
  const CheckedLayout& layout_;
  const ConversionOptions& options_;
  Diagnostics* diagnostics_;
  Conversion result_;
  std::optional<KeyRegex> only_;
  bool good_ = true;
  std::vector<bool> paired_;
  std::set<uint32_t> paired_source_;
  std::vector<int64_t> needed_, covered_;
  std::set<std::string> unknown_reported_;
  EdgeBuilder edges_;
};

}  // namespace

std::optional<Conversion> BuildConversion(const BoundSource& source, const KeyTable& table,
                                          const CheckedLayout& destination,
                                          const ConversionOptions& options,
                                          Diagnostics* diagnostics) {
  return GraphBuilder(source, table, destination, options, diagnostics).Run();
}

}  // namespace rr
