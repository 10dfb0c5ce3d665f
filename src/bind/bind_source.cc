#include "bind/bind_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "bind/ranks.h"
#include "bind/seen_kinds.h"
#include "bind/solve_sizes.h"

namespace rr {
namespace {

constexpr size_t kShownKeys = 5;

std::string ShapeText(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

class Binder {
 public:
  Binder(const CheckedRules& rules, const CheckedLayout& layout, const KeyTable& table,
         const SourceOptions& options, Diagnostics* diagnostics)
      : rules_(rules),
        layout_(layout),
        table_(table),
        options_(options),
        diagnostics_(diagnostics) {}

  std::optional<BoundSource> Run(const Config& config,
                                 const std::map<std::string, int64_t>& given) {
    LayoutMatch match = MatchKeys(layout_, table_);
    auto model = std::make_shared<Model>(rules_, config, given);
    SolveSizes(layout_, match, table_, model.get());
    const SeenKinds seen = SeeKinds(layout_, match, model.get());
    if (!seen.kinds.empty()) {
      // Once more: a key that two kinds have tells the sizes of its own.
      model = std::make_shared<Model>(rules_, config, given);
      for (const SeenKinds::One& one : seen.kinds) model->See(one.partition, one.index, one.kind);
      SolveSizes(layout_, match, table_, model.get());
    }
    const size_t errors = diagnostics_->ErrorCount();
    model->CheckConfig(layout_, diagnostics_);
    model->CheckRequirements(layout_, diagnostics_);
    if (diagnostics_->ErrorCount() > errors) return std::nullopt;
    if (!CapturesFit(match, *model)) return std::nullopt;
    ChooseVariantsByShape(layout_, table_, *model, &match);
    BoundSource source;
    source.model = model;
    source.saw_kinds = !seen.kinds.empty();
    InstantiateOptions instantiate;
    instantiate.tied_copies = true;
    if (rules_.file->adapters) {
      ranks_ = SolveRanks(layout_, match, table_, *model, diagnostics_);
      instantiate.rank_of = [this](const std::string& key) -> std::optional<int64_t> {
        const auto rank = ranks_.find(key);
        return rank == ranks_.end() ? std::nullopt : std::optional(rank->second);
      };
    }
    std::optional<BoundLayout> bound =
        Instantiate(*model, layout_, match.choice, instantiate, diagnostics_);
    if (!bound) return std::nullopt;
    Canonicalize(match);
    if (DropAbsentBlocks(*bound, &match.choice)) {
      bound = Instantiate(*model, layout_, match.choice, instantiate, diagnostics_);
      if (!bound) return std::nullopt;
    }
    source.layout = std::move(*bound);
    Account(match, &source);
    CheckShapes(&source);
    Describe(&source);
    source.notes.insert(source.notes.end(), seen.notes.begin(), seen.notes.end());
    return source;
  }

 private:
  // A config that counts far beyond what is there must fail before anything is counted through.
  bool CapturesFit(const LayoutMatch& match, const Model& model) {
    std::map<std::string, int64_t> largest;
    for (const EntryMatch& one : match.matches) {
      for (const auto& [axis, value] : one.captures) {
        auto [at, is_new] = largest.emplace(axis, value);
        at->second = std::max(at->second, value);
      }
    }
    const auto room = static_cast<int64_t>(table_.keys.size()) * 16 + 65'536;
    bool good = true;
    // Blocks of some layers only are counted through as well.
    for (size_t b = 0; b < rules_.file->blocks.size(); ++b) {
      if (layout_.tables[b] != nullptr && !model.IndexAxisOf(static_cast<int>(b)).empty())
        largest.emplace(model.IndexAxisOf(static_cast<int>(b)), -1);
    }
    for (const auto& [axis, value] : largest) {
      const std::optional<int64_t> size = model.SizeOf(axis);
      if (!size || *size <= room) continue;
      diagnostics_->Add(
          Code::kMissingKey, {},
          fmt::format("{} is {} ({}), but {}", axis, WithCommas(static_cast<uint64_t>(*size)),
                      model.OriginOf(axis),
                      value < 0 ? fmt::format("there are only {} keys", table_.keys.size())
                                : fmt::format("the largest index found is {}", value)));
      good = false;
    }
    return good;
  }

  // Keys read by `match` are known by the name that `write` gives them.
  void Canonicalize(const LayoutMatch& match) {
    found_ = table_.by_name;
    for (const EntryMatch& one : match.matches) {
      const CheckedEntry& entry = layout_.entries[static_cast<size_t>(one.entry)];
      if (!entry.rule->match) continue;
      std::map<std::string, int64_t> values(one.captures.begin(), one.captures.end());
      const KeyTemplate key = ConcreteKey(layout_, entry, match.choice);
      found_[FormatKey(key, [&](const std::string& axis) { return values.at(axis); })] = one.key;
    }
  }

  bool DropAbsentBlocks(const BoundLayout& bound, LayoutChoice* choice) {
    std::vector<bool> present(choice->present.size(), false);
    for (const BoundTensor& tensor : bound.tensors) {
      const CheckedEntry& entry = layout_.entries[static_cast<size_t>(tensor.entry)];
      if (!entry.rule->tied && found_.count(tensor.key) > 0)
        present[static_cast<size_t>(entry.block)] = true;
    }
    const bool changed = present != choice->present;
    choice->present = std::move(present);
    return changed;
  }

  void Account(const LayoutMatch& match, BoundSource* source) {
    std::vector<bool> used(table_.keys.size(), false);
    source->ignored = match.ignored;
    source->passed = PassedKeys(match, source->layout);
    // Keep the tensors that are there: a missing one is a finding, a tied copy may be absent.
    std::vector<uint32_t> new_index(source->layout.tensors.size(), UINT32_MAX);
    std::vector<BoundTensor> kept;
    for (size_t i = 0; i < source->layout.tensors.size(); ++i) {
      BoundTensor& tensor = source->layout.tensors[i];
      const auto found = found_.find(tensor.key);
      if (found == found_.end()) {
        const CheckedEntry& entry = layout_.entries[static_cast<size_t>(tensor.entry)];
        if (!entry.rule->tied && !rules_.file->adapters) {
          source->missing.push_back(tensor.key);
          missing_entries_.push_back(tensor.entry);
        }
        continue;
      }
      present_entries_.insert(tensor.entry);
      used[found->second] = true;
      new_index[i] = static_cast<uint32_t>(kept.size());
      source->found.push_back(found->second);
      kept.push_back(std::move(tensor));
    }
    source->layout.tensors = std::move(kept);
    std::vector<BoundPiece> pieces;
    for (BoundPiece& piece : source->layout.pieces) {
      if (new_index[piece.stored] == UINT32_MAX) continue;
      piece.stored = new_index[piece.stored];
      pieces.push_back(std::move(piece));
    }
    source->layout.pieces = std::move(pieces);
    for (const EntryMatch& one : match.matches) {
      if (layout_.entries[static_cast<size_t>(one.entry)].rule->drop && !used[one.key]) {
        source->ignored.push_back(one.key);
        used[one.key] = true;
      }
    }
    for (const uint32_t key : match.ignored) used[key] = true;
    for (const uint32_t key : source->passed) used[key] = true;
    for (uint32_t i = 0; i < used.size(); ++i) {
      const int64_t weight = table_.keys[i].part_of;
      if (!used[weight < 0 ? i : static_cast<size_t>(weight)]) source->unmatched.push_back(i);
    }
    ReportUnmatched(match, *source);
    ReportMissing(*source);
  }

  // What no block of this model stores is passed, although blocks of other models do.
  std::vector<uint32_t> PassedKeys(const LayoutMatch& match, const BoundLayout& bound) const {
    std::set<int> blocks;
    for (const BoundTensor& tensor : bound.tensors)
      blocks.insert(layout_.entries[static_cast<size_t>(tensor.entry)].block);
    std::set<uint32_t> keys(match.stored_or_passed.begin(), match.stored_or_passed.end());
    for (const EntryMatch& one : match.matches) {
      if (blocks.count(layout_.entries[static_cast<size_t>(one.entry)].block) > 0)
        keys.erase(one.key);
    }
    std::vector<uint32_t> passed = match.passed;
    passed.insert(passed.end(), keys.begin(), keys.end());
    return passed;
  }

  void ReportUnmatched(const LayoutMatch& match, const BoundSource& source) {
    if (source.unmatched.empty()) return;
    std::vector<std::string> names;
    for (const uint32_t key : source.unmatched) names.push_back(table_.keys[key].name);
    Diagnostic& d =
        diagnostics_->Add(Code::kUnmatchedKey, {},
                          fmt::format("{} of {} keys are not in layout `{}` of {}: {}",
                                      names.size(), table_.keys.size(), layout_.name.text,
                                      rules_.file->family.text, JoinWords(names, kShownKeys)));
    if (std::optional<std::string> why = WhyUnmatched(match, source)) {
      d.notes.push_back({{}, std::move(*why)});
      return;
    }
    std::vector<std::string> expected;
    for (const BoundTensor& tensor : source.layout.tensors) expected.push_back(tensor.key);
    if (expected.size() < 4096)
      d.help = DidYouMean(names[0], source.missing.empty() ? expected : source.missing);
  }

  // A key that a template matches is there, but at an index that the sizes do not have, or in a
  // block whose condition does not hold.
  std::optional<std::string> WhyUnmatched(const LayoutMatch& match, const BoundSource& source) {
    const std::set<uint32_t> unmatched(source.unmatched.begin(), source.unmatched.end());
    std::optional<std::string> condition;
    for (const EntryMatch& one : match.matches) {
      if (unmatched.count(one.key) == 0) continue;
      const std::string& key = table_.keys[one.key].name;
      for (const auto& [axis, value] : one.captures) {
        const std::optional<int64_t> size = source.model->SizeOf(axis);
        if (size && value >= *size)
          return fmt::format("{} has {} = {}, but there are {} ({})", key, axis, value, *size,
                             source.model->OriginOf(axis));
      }
      if (condition) continue;
      const int block = layout_.entries[static_cast<size_t>(one.entry)].block;
      const std::map<std::string, int64_t> captures(one.captures.begin(), one.captures.end());
      const auto index = captures.find(source.model->IndexAxisOf(block));
      const std::optional<int64_t> at =
          index == captures.end() ? std::nullopt : std::optional(index->second);
      if (!source.model->Exists(block, at).value_or(true))
        condition = fmt::format("{}: {}", key, source.model->WhyAbsent(block, at));
    }
    return condition;
  }

  // A key that is missing although others of its kind are there: something was lost. A kind of key
  // of which there is none is what this model lacks, as a block that is absent.
  void ReportMissing(const BoundSource& source) {
    std::vector<std::string> lost, lacking;
    for (size_t i = 0; i < source.missing.size(); ++i)
      (present_entries_.count(missing_entries_[i]) > 0 ? lost : lacking)
          .push_back(source.missing[i]);
    if (!lacking.empty()) {
      Diagnostic& d = diagnostics_->Add(
          Code::kMissingKey, {},
          fmt::format("{} keys of layout `{}` are missing, for all layers alike: {}",
                      lacking.size(), layout_.name.text, JoinWords(lacking, kShownKeys)));
      d.severity = Severity::kWarning;
    }
    if (lost.empty()) return;
    Diagnostic& d =
        diagnostics_->Add(Code::kMissingKey, {},
                          fmt::format("{} keys of layout `{}` are missing: {}", lost.size(),
                                      layout_.name.text, JoinWords(lost, kShownKeys)));
    if (options_.allow_missing) d.severity = Severity::kWarning;
    for (const CheckedEntry& entry : layout_.entries) {
      for (const std::string& axis : entry.key.Captures()) {
        const std::string origin = source.model->OriginOf(axis);
        if (origin.empty()) continue;
        const std::string text =
            fmt::format("{} is {} ({})", axis, source.model->SizeOf(axis).value_or(0), origin);
        if (std::none_of(d.notes.begin(), d.notes.end(),
                         [&](const Note& n) { return n.text == text; }))
          d.notes.push_back({{}, text});
      }
    }
  }

  void CheckShapes(BoundSource* source) {
    size_t reported = 0;
    for (uint32_t i = 0; i < source->layout.tensors.size(); ++i) {
      BoundTensor& tensor = source->layout.tensors[i];
      const FoundKey& key = table_.keys[source->found[i]];
      if (!key.shape || *key.shape == tensor.shape) continue;
      bool contradicts = key.shape->size() != tensor.shape.size();
      for (size_t d = 0; !contradicts && d < tensor.shape.size(); ++d) {
        contradicts = tensor.shape[d] >= 0 && tensor.shape[d] != (*key.shape)[d];
      }
      if (!contradicts) continue;
      source->odd_shapes.push_back(i);
      if (options_.allow_shape || ++reported > kShownKeys) continue;
      const CheckedEntry& entry = layout_.entries[static_cast<size_t>(tensor.entry)];
      std::vector<std::string> formula;
      for (const Poly& extent : entry.shape) formula.push_back(extent.ToString());
      Diagnostic& d =
          diagnostics_->Add(Code::kShapeMismatch, entry.rule->place,
                            fmt::format("{} is {}, but [{}] is {}", key.name, ShapeText(*key.shape),
                                        fmt::join(formula, ", "), ShapeText(tensor.shape)));
      d.help = "--allow shape moves it unchanged where both layouts store it alike";
      for (const Poly& extent : entry.shape) {
        for (const std::string& axis : extent.Axes()) {
          const std::string origin = source->model->OriginOf(axis);
          if (!origin.empty()) d.notes.push_back({{}, fmt::format("{}: {}", axis, origin)});
        }
      }
    }
    if (reported > kShownKeys) {
      diagnostics_->Add(Code::kShapeMismatch, {},
                        fmt::format("{} more tensors have other shapes than the config gives",
                                    reported - kShownKeys));
    }
  }

  void Describe(BoundSource* source) {
    const RuleFile& file = *rules_.file;
    for (size_t b = 0; b < file.blocks.size(); ++b) {
      const std::string& index_axis = source->model->IndexAxisOf(static_cast<int>(b));
      const bool exists =
          index_axis.empty()
              ? source->model->Exists(static_cast<int>(b), std::nullopt).value_or(false)
              : !source->model->IndexValues(static_cast<int>(b)).empty();
      if (exists && !file.blocks[b].optional && layout_.tables[b] != nullptr &&
          !source->layout.choice.present[b])
        source->absent_blocks.push_back(file.blocks[b].name.text);
    }
    for (const auto& [name, variants] : layout_.prefixes) {
      if (variants.size() < 2) continue;
      source->notes.push_back(fmt::format(
          "{} is \"{}\"", name, variants[source->layout.choice.prefixes.at(name)].text.text));
    }
    for (const AxisRule& axis : file.axes) {
      const std::string origin = source->model->OriginOf(axis.name.text);
      if (!origin.empty())
        source->notes.push_back(fmt::format("{} = {} ({})", axis.name.text,
                                            source->model->SizeOf(axis.name.text).value_or(0),
                                            origin));
    }
  }

  const CheckedRules& rules_;
  const CheckedLayout& layout_;
  const KeyTable& table_;
  const SourceOptions& options_;
  Diagnostics* diagnostics_;
  std::map<std::string, uint32_t> found_;
  std::map<std::string, int64_t> ranks_;  // of factors, by key
  std::set<int> present_entries_;
  std::vector<int> missing_entries_;  // one per missing key
};

}  // namespace

std::optional<BoundSource> BindSource(const CheckedRules& rules, const CheckedLayout& layout,
                                      const Config& config,
                                      const std::map<std::string, int64_t>& given,
                                      const KeyTable& table, const SourceOptions& options,
                                      Diagnostics* diagnostics) {
  return Binder(rules, layout, table, options, diagnostics).Run(config, given);
}

}  // namespace rr
