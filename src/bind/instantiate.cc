// Every key of a layout, with its shape and pieces.
//
// One stored tensor per choice of a group of every walked axis (walk.h); one piece per leaf and
// choice of walked values.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/shape.h"
#include "base/text.h"
#include "bind/bound_layout.h"
#include "bind/walk.h"
#include "syntax/adapter_style.h"

namespace rr {
namespace {

// Copies are boxes of their own: sizes that some file states must not fill the memory.
constexpr int64_t kMostCopies = 4096;
// Of all keys together. Bytes, offsets and strides of fewer are far from the end of 63 bits.
constexpr int64_t kMostElements = int64_t{1} << 56;

class Instantiator {
 public:
  Instantiator(const Model& model, const CheckedLayout& layout, const LayoutChoice& choice,
               const InstantiateOptions& options, Diagnostics* diagnostics)
      : model_(model), rules_(model.rules()), options_(options), diagnostics_(diagnostics) {
    bound_.layout = &layout;
    bound_.choice = choice;
  }

  std::optional<BoundLayout> Run() {
    const CheckedLayout& layout = *bound_.layout;
    for (size_t e = 0; e < layout.entries.size(); ++e) {
      const CheckedEntry& entry = layout.entries[e];
      const auto block = static_cast<size_t>(entry.block);
      if (!bound_.choice.present[block] || bound_.choice.variants[block] != entry.variant) continue;
      if (entry.rule->drop) continue;
      const bool copied = entry.rule->written || options_.tied_copies || options_.copies != nullptr;
      if (entry.rule->tied && !copied) continue;
      if (!Entry(static_cast<int>(e))) return std::nullopt;
    }
    return KeysAreUnique() ? std::optional(std::move(bound_)) : std::nullopt;
  }

 private:
  const CheckedEntry& entry() const { return bound_.layout->entries[static_cast<size_t>(entry_)]; }
  const LogicalTensor& TensorOf(const CheckedLeaf& leaf) const {
    return rules_.tensors[static_cast<size_t>(leaf.tensor)];
  }

  bool Entry(int index) {
    entry_ = index;
    const std::string& index_axis = model_.IndexAxisOf(entry().block);
    if (index_axis.empty() && !model_.Exists(entry().block, std::nullopt).value_or(false)) {
      if (model_.Exists(entry().block, std::nullopt)) return true;
      const BlockRule& block = rules_.file->blocks[static_cast<size_t>(entry().block)];
      const std::string why = model_.Evaluate(*block.where).message;
      diagnostics_
          ->Add(
              Code::kUnknownSize, block.where->text().place(),
              fmt::format("whether block `{}` exists depends on `{}`, which is unknown{}{}",
                          block.name.text, block.where->text().text, why.empty() ? "" : ": ", why))
          .help = "give --config, or --set NAME=VALUE";
      return false;
    }
    const std::optional<std::vector<Walk>> walks =
        FindWalks(model_, *bound_.layout, entry(), options_.most_tensors, diagnostics_);
    if (!walks) return false;
    int64_t count = 1;
    for (const Walk& walk : *walks) {
      count *= static_cast<int64_t>(walk.groups.size());
      if (count > options_.most_tensors) return TooMany(count);
    }
    if (count > options_.most_tensors - static_cast<int64_t>(bound_.tensors.size()))
      return TooMany(count);
    key_ = ConcreteKey(*bound_.layout, entry(), bound_.choice);
    has_rank_ = rules_.file->adapters && HasRank(entry());
    last_sizes_.clear();
    std::vector<const Group*> chosen(walks->size());
    return Choose(*walks, 0, &chosen);
  }

  // Kinds may keep two keys apart layer by layer, and a stack over the layers of each kind still
  // asks for the same key twice.
  bool KeysAreUnique() {
    std::vector<uint32_t> order(bound_.tensors.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto key = [&](uint32_t i) -> const std::string& { return bound_.tensors[i].key; };
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return key(a) < key(b); });
    for (size_t i = 1; i < order.size(); ++i) {
      if (key(order[i]) != key(order[i - 1])) continue;
      const auto& entries = bound_.layout->entries;
      const CheckedEntry& entry = entries[static_cast<size_t>(bound_.tensors[order[i]].entry)];
      const CheckedEntry& other = entries[static_cast<size_t>(bound_.tensors[order[i - 1]].entry)];
      Diagnostic& d =
          diagnostics_->Add(Code::kTensorStoredTwice, entry.rule->place,
                            fmt::format("layout `{}` would store two things in {} for this config",
                                        bound_.layout->name.text, key(order[i])));
      d.notes.push_back({other.rule->place, "the other one"});
      return false;
    }
    return true;
  }

  bool TooMany(int64_t count) {
    return BlameSizes(fmt::format("the sizes ask for {} tensors of this key", count));
  }

  bool TooLarge() {
    return BlameSizes(fmt::format("with this key the sizes ask for more than {} elements",
                                  WithCommas(uint64_t{kMostElements})));
  }

  bool BlameSizes(std::string message) {
    Diagnostic& d =
        diagnostics_->Add(Code::kContradictingSize, entry().rule->place, std::move(message));
    std::set<std::string> axes;
    for (const std::string& axis : entry().key.Captures()) axes.insert(axis);
    for (const Poly& extent : entry().shape) {
      for (const std::string& axis : extent.Axes()) axes.insert(axis);
    }
    for (const std::string& axis : axes) {
      if (const std::string origin = model_.OriginOf(axis); !origin.empty())
        d.notes.push_back({{}, fmt::format("{} is {}", axis, origin)});
    }
    return false;
  }

  // Before anything is multiplied with the shape.
  bool CountElements() {
    count_ = 1;
    bool fits = true;
    for (const int64_t extent : shape_) fits &= !__builtin_mul_overflow(count_, extent, &count_);
    return (fits && count_ <= kMostElements) || TooLarge();
  }

  bool Choose(const std::vector<Walk>& walks, size_t depth, std::vector<const Group*>* chosen) {
    if (depth == walks.size()) return Make(walks, *chosen);
    for (const Group& group : walks[depth].groups) {
      if (!Agrees(group, *chosen, depth)) continue;
      (*chosen)[depth] = &group;
      if (!Choose(walks, depth + 1, chosen)) return false;
    }
    return true;
  }

  // Walks of one axis share what stands in the key.
  static bool Agrees(const Group& group, const std::vector<const Group*>& chosen, size_t depth) {
    for (size_t i = 0; i < depth; ++i) {
      for (const auto& [axis, value] : chosen[i]->captured) {
        for (const auto& [other, other_value] : group.captured) {
          if (axis == other && value != other_value) return false;
        }
      }
    }
    return true;
  }

  // The size of an atom in this stored tensor: its ranks where it is walked, else its size in the
  // model.
  std::optional<int64_t> SizeHere(const std::string& axis, const std::vector<Walk>& walks,
                                  const std::vector<const Group*>& chosen) {
    for (const Group* group : chosen) {
      const auto ranks = group->ranks.find(axis);
      if (ranks != group->ranks.end()) return static_cast<int64_t>(ranks->second.size());
    }
    if (has_rank_ && axis == kRankAxis) return rank_;
    if (!model_.IsByKind(axis)) return model_.SizeOf(axis);
    const std::string& index_axis = model_.IndexAxisOf(entry().block);
    for (size_t w = 0; w < walks.size(); ++w) {
      if (walks[w].axis != index_axis) continue;
      std::optional<int64_t> size;
      for (const WalkedValue& value : chosen[w]->values) {
        const std::optional<int64_t> here = model_.SizeOf(axis, value.value);
        if (size && here != size) {
          diagnostics_->Add(Code::kContradictingSize, entry().rule->place,
                            fmt::format("{} differs between the values of {} that this key stacks",
                                        axis, index_axis));
          return std::nullopt;
        }
        size = here;
      }
      return size;
    }
    return model_.SizeOf(axis);  // kinds that depend on no index decide for the whole model
  }

  bool Make(const std::vector<Walk>& walks, const std::vector<const Group*>& chosen) {
    BoundTensor stored;
    stored.entry = entry_;
    std::map<std::string, int64_t> captures;
    for (const Group* group : chosen)
      captures.insert(group->captured.begin(), group->captured.end());
    if (!HaveWords(captures)) return false;
    stored.key = FormatKey(key_, [&](const std::string& axis) { return captures.at(axis); });
    for (const auto& [axis, value] : captures) stored.captures.push_back(value);
    if (entry().rule->tied && options_.copies != nullptr && options_.copies->count(stored.key) == 0)
      return true;
    if (has_rank_) {
      rank_ = options_.rank_of ? options_.rank_of(stored.key) : std::nullopt;
      if (!rank_) return true;
    }
    if (!Measure(walks, chosen)) return false;
    if (unknown_axis_.empty() && (elements_ += count_) > kMostElements) return TooLarge();
    stored.shape = shape_;
    stored.unknown_axis = unknown_axis_;
    const auto index = static_cast<uint32_t>(bound_.tensors.size());
    bound_.tensors.push_back(std::move(stored));
    if (static_cast<int64_t>(bound_.tensors.size()) > options_.most_tensors)
      return TooMany(options_.most_tensors);
    for (const uint32_t leaf : leaves_) Pieces(walks, chosen, leaf, index);
    return true;
  }

  // A key may have words for the values of an axis, whose size somebody may have set to more.
  bool HaveWords(const std::map<std::string, int64_t>& captures) {
    for (const KeyPart& part : key_.parts) {
      if (part.kind != KeyPart::Kind::kCapture || part.words.empty()) continue;
      if (captures.at(part.text) < static_cast<int64_t>(part.words.size())) continue;
      diagnostics_->Add(Code::kContradictingSize, entry().rule->place,
                        fmt::format("{} is {} or more here, but this key has words for {} values",
                                    part.text, captures.at(part.text) + 1, part.words.size()));
      return false;
    }
    return true;
  }

  // Shape and leaves in numbers; kept while the sizes stay the same from one stored tensor to the
  // next.
  bool Measure(const std::vector<Walk>& walks, const std::vector<const Group*>& chosen) {
    if (axes_of_.first != entry_) axes_of_ = {entry_, AxesOfEntry()};
    std::vector<std::optional<int64_t>> sizes;
    const size_t before = diagnostics_->ErrorCount();
    for (const std::string& axis : axes_of_.second) sizes.push_back(SizeHere(axis, walks, chosen));
    if (diagnostics_->ErrorCount() > before) return false;
    if (!last_sizes_.empty() && sizes == last_sizes_ && last_entry_ == entry_) return true;
    last_sizes_ = sizes;
    last_entry_ = entry_;
    const Poly::SizeOf size_of = [&](const std::string& axis) -> std::optional<int64_t> {
      const auto at = std::lower_bound(axes_of_.second.begin(), axes_of_.second.end(), axis);
      if (at == axes_of_.second.end() || *at != axis) return model_.SizeOf(axis);
      return sizes[static_cast<size_t>(at - axes_of_.second.begin())];
    };
    unknown_axis_.clear();
    shape_.clear();
    const EntryRule& rule = *entry().rule;
    for (size_t d = 0; d < entry().shape.size(); ++d) {
      std::optional<int64_t> extent = entry().shape[d].Evaluate(size_of);
      const bool is_padded = rule.pad && rule.pad->dim == static_cast<int64_t>(d);
      if (is_padded) {
        const std::optional<int64_t> padded = PaddedExtent(*rule.pad);
        if (padded && extent && *padded < *extent) {
          diagnostics_->Add(Code::kContradictingSize, rule.pad->place,
                            fmt::format("padding {} to {} would cut it", *extent, *padded));
          return false;
        }
        extent = padded;
      }
      if (!extent) {
        if (is_padded) unknown_axis_ = rule.pad->to.text;
        for (const std::string& axis : entry().shape[d].Axes()) {
          if (!size_of(axis)) unknown_axis_ = axis;
        }
        if (unknown_axis_.empty()) return TooLarge();  // all is known, and the product no number
      }
      shape_.push_back(extent.value_or(-1));
    }
    leaves_.clear();
    if (unknown_axis_.empty()) {
      if (!CountElements()) return false;
      for (const CheckedLeaf& leaf : entry().leaves) {
        if (!MakeLeaf(walks, leaf, size_of)) return false;
      }
    }
    return true;
  }

  std::vector<std::string> AxesOfEntry() const {
    std::set<std::string> axes;
    for (const Poly& extent : entry().shape) {
      for (const std::string& axis : extent.Axes()) axes.insert(axis);
    }
    for (const CheckedLeaf& leaf : entry().leaves) {
      for (const AxisUse& use : leaf.axes) {
        for (const AxisUse::Atom& atom : use.atoms) axes.insert(atom.axis);
      }
    }
    return {axes.begin(), axes.end()};
  }

  std::optional<int64_t> PaddedExtent(const PadWord& pad) {
    Diagnostics ignored;
    const std::optional<Formula> formula = Formula::Parse(pad.to, &ignored);
    if (!formula) return std::nullopt;
    const Formula::Outcome outcome = model_.Evaluate(*formula);
    const int64_t* n = outcome.ok() ? outcome.value.AsInt() : nullptr;
    return n == nullptr ? std::nullopt : std::optional(*n);
  }

  // Where the leaf begins, then where its copies do.
  std::optional<std::vector<int64_t>> CopyStarts(const CheckedLeaf& leaf,
                                                 const std::vector<int64_t>& row, int64_t start,
                                                 const Poly::SizeOf& size_of) {
    std::vector<int64_t> starts{start};
    std::string axes;
    const auto too_many = [&](const std::string& what, int64_t n) {
      diagnostics_->Add(
          Code::kContradictingSize, entry().rule->place,
          fmt::format("{} is {}: an element has at most {} copies in a key", what, n, kMostCopies));
      return std::nullopt;
    };
    for (const AxisUse::Atom& atom : leaf.copies) {
      const int64_t n = size_of(atom.axis).value_or(0);
      const int64_t stride =
          atom.stride.Evaluate(size_of).value_or(0) * row[static_cast<size_t>(atom.dim)];
      if (n == 0) {
        diagnostics_->Add(Code::kContradictingSize, entry().rule->place,
                          fmt::format("{} is 0: the key has no copy of what it stores", atom.axis));
        return std::nullopt;
      }
      // By itself first: the product of such sizes may be no number.
      if (n > kMostCopies) return too_many(atom.axis, n);
      axes += (axes.empty() ? "" : "*") + atom.axis;
      const int64_t copies = n * static_cast<int64_t>(starts.size());
      if (copies > kMostCopies) return too_many(axes, copies);
      std::vector<int64_t> next;
      for (int64_t i = 0; i < n; ++i) {
        for (const int64_t from : starts) next.push_back(from + i * stride);
      }
      starts = std::move(next);
    }
    return starts;
  }

  bool MakeLeaf(const std::vector<Walk>& walks, const CheckedLeaf& leaf,
                const Poly::SizeOf& size_of) {
    const std::vector<int64_t> row = StridesOf(shape_);
    BoundLeaf bound;
    bound.entry = entry_;
    bound.tensor = leaf.tensor;
    int64_t start = 0;
    for (size_t d = 0; d < leaf.offsets.size(); ++d)
      start += leaf.offsets[d].Evaluate(size_of).value_or(0) * row[d];
    std::vector<std::map<std::string, int64_t>> strides(leaf.axes.size());
    const LogicalTensor& tensor = TensorOf(leaf);
    for (size_t a = 0; a < leaf.axes.size(); ++a) {
      const AxisUse& use = leaf.axes[a];
      BoundLeaf::Axis axis;
      axis.replicated = use.replicated;
      axis.fixed =
          std::any_of(walks.begin(), walks.end(),
                      [&](const Walk& w) {
                        return w.axis == tensor.axes[a] && w.use.alternative == use.alternative;
                      }) &&
          !use.replicated;
      if (use.replicated) axis.digits.push_back({model_.SizeOf(tensor.axes[a]).value_or(1), 0});
      for (const AxisUse::Atom& atom : use.atoms) {
        if (atom.captured) continue;
        const int64_t stride =
            atom.stride.Evaluate(size_of).value_or(0) * row[static_cast<size_t>(atom.dim)];
        strides[a][atom.axis] = stride;
        if (!axis.fixed) axis.digits.push_back({size_of(atom.axis).value_or(0), stride});
      }
      bound.axes.push_back(std::move(axis));
    }
    const auto starts = CopyStarts(leaf, row, start, size_of);
    if (!starts) return false;
    for (size_t i = 0; i < starts->size(); ++i) {
      bound.tied = entry().rule->tied || i > 0;
      const auto index = static_cast<uint32_t>(bound_.leaves.size());
      leaves_.push_back(index);
      bound_.leaves.push_back(bound);
      starts_[index] = (*starts)[i];
      for (const AxisUse& use : leaf.axes) alternatives_[index].push_back(use.alternative);
      strides_[index] = strides;
    }
    return true;
  }

  // One piece per combination of the walked values of the chosen groups.
  void Pieces(const std::vector<Walk>& walks, const std::vector<const Group*>& chosen,
              uint32_t leaf_index, uint32_t stored) {
    const BoundLeaf& leaf = bound_.leaves[leaf_index];
    const LogicalTensor& tensor = rules_.tensors[static_cast<size_t>(leaf.tensor)];
    std::vector<BoundPiece> pieces(1);
    pieces[0].leaf = leaf_index;
    pieces[0].stored = stored;
    pieces[0].start = starts_[leaf_index];
    pieces[0].fixed.assign(tensor.axes.size(), -1);
    for (size_t a = 0; a < tensor.axes.size(); ++a) {
      if (!leaf.axes[a].fixed) continue;
      size_t w = 0;
      while (walks[w].axis != tensor.axes[a] ||
             walks[w].use.alternative != alternatives_.at(leaf_index)[a])
        ++w;
      std::vector<BoundPiece> next;
      for (const BoundPiece& piece : pieces) {
        for (const WalkedValue& value : chosen[w]->values) {
          BoundPiece made = piece;
          made.fixed[a] = value.value;
          for (size_t i = 0; i < walks[w].use.atoms.size(); ++i) {
            const AxisUse::Atom& atom = walks[w].use.atoms[i];
            if (atom.captured) continue;
            const std::vector<int64_t>& digits = chosen[w]->ranks.at(atom.axis);
            const auto rank =
                std::lower_bound(digits.begin(), digits.end(), value.digits[i]) - digits.begin();
            made.start += rank * strides_[leaf_index][a].at(atom.axis);
          }
          next.push_back(std::move(made));
        }
      }
      pieces = std::move(next);
    }
    bound_.pieces.insert(bound_.pieces.end(), pieces.begin(), pieces.end());
  }

  const Model& model_;
  const CheckedRules& rules_;
  const InstantiateOptions& options_;
  Diagnostics* diagnostics_;
  BoundLayout bound_;
  int entry_ = 0;
  KeyTemplate key_;
  bool has_rank_ = false;
  std::optional<int64_t> rank_;  // of the factor that is made
  std::pair<int, std::vector<std::string>> axes_of_{-1, {}};
  std::vector<std::optional<int64_t>> last_sizes_;
  int last_entry_ = -1;
  int64_t elements_ = 0, count_ = 0;  // of all tensors, of the one that was measured
  std::vector<int64_t> shape_;
  std::string unknown_axis_;
  std::vector<uint32_t> leaves_;
  std::map<uint32_t, int64_t> starts_;
  std::map<uint32_t, std::vector<int>> alternatives_;  // per leaf and axis
  std::map<uint32_t, std::vector<std::map<std::string, int64_t>>> strides_;
};

}  // namespace

std::optional<BoundLayout> Instantiate(const Model& model, const CheckedLayout& layout,
                                       const LayoutChoice& choice,
                                       const InstantiateOptions& options,
                                       Diagnostics* diagnostics) {
  return Instantiator(model, layout, choice, options, diagnostics).Run();
}

}  // namespace rr
