// Every key of a layout, with its shape and pieces.
//
// An axis is walked through one value at a time when it stands in the key (as itself or by a factor), when its index decides whether
// the block exists, or when its refinement is a sum. Walked values are grouped by what stands in the key: each group is one stored
// tensor; what stands in the shape is the rank of the value within the group, and the ranks must form a product.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "bind/bound_layout.h"

namespace rr {
namespace {

// One value of a walked axis, as digits of its atoms.
struct WalkedValue {
  int64_t value = 0;
  std::vector<int64_t> digits;  // one per atom of the use
};

// The values that share what stands in the key.
struct Group {
  std::vector<std::pair<std::string, int64_t>> captured;  // atom -> digit
  std::vector<WalkedValue> values;
  std::map<std::string, std::vector<int64_t>> ranks;  // atom in the shape -> its digits in rank order
};

// Leaves of one key may use an axis by different alternatives of its refinement: each has its own walk.
struct Walk {
  std::string axis;
  AxisUse use;
  std::vector<Group> groups;
};

class Instantiator {
 public:
  Instantiator(const Model& model, const CheckedLayout& layout, const LayoutChoice& choice, const InstantiateOptions& options,
               Diagnostics* diagnostics)
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
      if (entry.rule->drop || (entry.rule->tied && !options_.tied_copies)) continue;
      if (!Entry(static_cast<int>(e))) return std::nullopt;
    }
    return KeysAreUnique() ? std::optional(std::move(bound_)) : std::nullopt;
  }

 private:
  const CheckedEntry& entry() const { return bound_.layout->entries[static_cast<size_t>(entry_)]; }
  const LogicalTensor& TensorOf(const CheckedLeaf& leaf) const { return rules_.tensors[static_cast<size_t>(leaf.tensor)]; }

  bool Entry(int index) {
    entry_ = index;
    const std::string& index_axis = model_.IndexAxisOf(entry().block);
    if (index_axis.empty() && !model_.Exists(entry().block, std::nullopt).value_or(false)) {
      if (model_.Exists(entry().block, std::nullopt)) return true;
      const BlockRule& block = rules_.file->blocks[static_cast<size_t>(entry().block)];
      diagnostics_->Add(Code::kUnknownSize, block.where->text().place(), fmt::format("whether block `{}` exists depends on `{}`, which is unknown", block.name.text, block.where->text().text)).help = "give --config, or --set NAME=VALUE";
      return false;
    }
    std::vector<Walk> walks;
    if (!FindWalks(index_axis, &walks)) return false;
    int64_t count = 1;
    for (const Walk& walk : walks) {
      count *= static_cast<int64_t>(walk.groups.size());
      if (count > options_.most_tensors) return TooMany(count);
    }
    key_ = ConcreteKey(*bound_.layout, entry(), bound_.choice);
    last_sizes_.clear();
    std::vector<const Group*> chosen(walks.size());
    return Choose(walks, 0, &chosen);
  }

  // Kinds may keep two keys apart layer by layer, and a stack over the layers of each kind still asks for the same key twice.
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
      Diagnostic& d = diagnostics_->Add(Code::kTensorStoredTwice, entry.rule->place, fmt::format("layout `{}` would store two things in {} for this config", bound_.layout->name.text, key(order[i])));
      d.notes.push_back({other.rule->place, "the other one"});
      return false;
    }
    return true;
  }

  bool TooMany(int64_t count) {
    diagnostics_->Add(Code::kContradictingSize, entry().rule->place, fmt::format("the sizes ask for {} tensors of this key", count));
    return false;
  }

  bool FindWalks(const std::string& index_axis, std::vector<Walk>* walks) {
    std::set<std::pair<std::string, int>> seen;
    for (const CheckedLeaf& leaf : entry().leaves) {
      const LogicalTensor& tensor = TensorOf(leaf);
      for (size_t a = 0; a < tensor.axes.size(); ++a) {
        const AxisUse& use = leaf.axes[a];
        const bool captured = std::any_of(use.atoms.begin(), use.atoms.end(), [](const AxisUse::Atom& atom) { return atom.captured; });
        const bool walked = captured || tensor.axes[a] == index_axis || IsSum(tensor.axes[a], use);
        if (use.replicated || !seen.insert({tensor.axes[a], use.alternative}).second) continue;
        if (!walked) {
          if (!CheckRefinement(tensor.axes[a], use)) return false;
          continue;
        }
        Walk walk{tensor.axes[a], use, {}};
        if (!FindGroups(tensor.axes[a] == index_axis, &walk)) return false;
        walks->push_back(std::move(walk));
      }
    }
    return true;
  }

  bool IsSum(const std::string& axis, const AxisUse& use) const {
    return use.alternative >= 0 && bound_.layout->refinements.at(axis).alternatives.size() > 1;
  }

  bool Unknown(const std::string& axis) {
    const AxisRule* rule = rules_.file->FindAxis(axis);
    Diagnostic& d = diagnostics_->Add(Code::kUnknownSize, entry().rule->place, fmt::format("the size of {} is unknown", axis));
    if (rule != nullptr && rule->formula) d.notes.push_back({rule->name.place, fmt::format("it is {} by the config", rule->formula->text().text)});
    d.help = fmt::format("give --config, or --set {}=N", axis);
    return false;
  }

  bool FindGroups(bool is_index, Walk* walk) {
    const std::optional<int64_t> size = model_.SizeOf(walk->axis);
    if (!size) return Unknown(walk->axis);
    if (*size > options_.most_tensors) return TooMany(*size);
    const Refinement::Alternative* alternative = nullptr;
    std::vector<int64_t> strides, sizes;
    int64_t offset = 0;
    if (walk->use.alternative >= 0) {
      const Refinement& refinement = bound_.layout->refinements.at(walk->axis);
      alternative = &refinement.alternatives[static_cast<size_t>(walk->use.alternative)];
      if (!CheckRefinement(walk->axis, walk->use)) return false;
      const Poly::SizeOf size_of = [&](const std::string& a) { return model_.SizeOf(a); };
      for (const Refinement::Factor& factor : alternative->factors) {
        const auto n = model_.SizeOf(factor.axis);
        const auto stride = factor.stride.Evaluate(size_of);
        if (!n || !stride) return Unknown(factor.axis);
        sizes.push_back(*n);
        strides.push_back(*stride);
      }
      offset = alternative->offset.Evaluate(size_of).value_or(0);
    }
    std::map<std::vector<int64_t>, size_t> by_capture;
    for (int64_t value = 0; value < *size; ++value) {
      if (is_index) {
        const std::optional<bool> exists = model_.Exists(entry().block, value);
        if (!exists) {
          const BlockRule& block = rules_.file->blocks[static_cast<size_t>(entry().block)];
          diagnostics_->Add(Code::kUnknownSize, block.where->text().place(), fmt::format("whether block `{}` exists at {} = {} is unknown: the config lacks what `{}` needs", block.name.text, walk->axis, value, block.where->text().text)).help = "give --config";
          return false;
        }
        if (!*exists) continue;
      }
      WalkedValue walked{value, {}};
      if (alternative == nullptr) {
        walked.digits.push_back(value);
      } else {
        // Strides are nested, slowest first, so division by each in turn gives the digits.
        int64_t rest = value - offset;
        bool inside = rest >= 0;
        for (size_t i = 0; inside && i < strides.size(); ++i) {
          walked.digits.push_back(strides[i] == 0 ? 0 : rest / strides[i]);
          inside = walked.digits.back() < sizes[i];
          rest -= walked.digits.back() * strides[i];
        }
        if (!inside || rest != 0) continue;
      }
      std::vector<int64_t> captured;
      for (size_t i = 0; i < walk->use.atoms.size(); ++i) {
        if (walk->use.atoms[i].captured) captured.push_back(walked.digits[i]);
      }
      const auto [found, is_new] = by_capture.emplace(captured, walk->groups.size());
      if (is_new) {
        Group group;
        size_t c = 0;
        for (const AxisUse::Atom& atom : walk->use.atoms) {
          if (atom.captured) group.captured.push_back({atom.axis, captured[c++]});
        }
        walk->groups.push_back(std::move(group));
      }
      walk->groups[found->second].values.push_back(std::move(walked));
    }
    for (Group& group : walk->groups) {
      if (!FindRanks(*walk, &group)) return false;
    }
    return true;
  }

  // What an axis is written as must be as long as the axis itself, or elements would be lost or made up.
  bool CheckRefinement(const std::string& axis, const AxisUse& use) {
    const std::optional<int64_t> size = model_.SizeOf(axis);
    if (use.alternative < 0 || !size) return true;
    const Refinement& refinement = bound_.layout->refinements.at(axis);
    Poly sum;
    for (const Refinement::Alternative& alternative : refinement.alternatives) sum = sum + alternative.size;
    const auto total = sum.Evaluate([&](const std::string& a) { return model_.SizeOf(a); });
    if (!total || *total == *size) return true;
    diagnostics_->Add(Code::kContradictingSize, bound_.layout->name.place,
                      fmt::format("layout `{}` writes {} = {} as {} = {}", bound_.layout->name.text, refinement.axis, *size, sum.ToString(), *total));
    return false;
  }

  // The digits of every atom in the shape, ranked; their combinations must all be there.
  bool FindRanks(const Walk& walk, Group* group) {
    size_t combinations = 1;
    for (size_t i = 0; i < walk.use.atoms.size(); ++i) {
      if (walk.use.atoms[i].captured) continue;
      std::set<int64_t> digits;
      for (const WalkedValue& value : group->values) digits.insert(value.digits[i]);
      combinations *= digits.size();
      group->ranks[walk.use.atoms[i].axis] = {digits.begin(), digits.end()};
    }
    if (combinations == group->values.size()) return true;
    std::vector<int64_t> values;
    for (const WalkedValue& value : group->values) values.push_back(value.value);
    diagnostics_->Add(Code::kNotAProduct, entry().rule->place,
                      fmt::format("the values {} of {} that this key stacks are not a product", fmt::join(values, ", "), walk.axis));
    return false;
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

  // The size of an atom in this stored tensor: its ranks where it is walked, else its size in the model.
  std::optional<int64_t> SizeHere(const std::string& axis, const std::vector<Walk>& walks, const std::vector<const Group*>& chosen) {
    for (const Group* group : chosen) {
      const auto ranks = group->ranks.find(axis);
      if (ranks != group->ranks.end()) return static_cast<int64_t>(ranks->second.size());
    }
    if (!model_.IsByKind(axis)) return model_.SizeOf(axis);
    const std::string& index_axis = model_.IndexAxisOf(entry().block);
    for (size_t w = 0; w < walks.size(); ++w) {
      if (walks[w].axis != index_axis) continue;
      std::optional<int64_t> size;
      for (const WalkedValue& value : chosen[w]->values) {
        const std::optional<int64_t> here = model_.SizeOf(axis, value.value);
        if (size && here != size) {
          diagnostics_->Add(Code::kContradictingSize, entry().rule->place, fmt::format("{} differs between the values of {} that this key stacks", axis, index_axis));
          return std::nullopt;
        }
        size = here;
      }
      return size;
    }
    return std::nullopt;
  }

  bool Make(const std::vector<Walk>& walks, const std::vector<const Group*>& chosen) {
    BoundTensor stored;
    stored.entry = entry_;
    std::map<std::string, int64_t> captures;
    for (const Group* group : chosen) captures.insert(group->captured.begin(), group->captured.end());
    stored.key = FormatKey(key_, [&](const std::string& axis) { return captures.at(axis); });
    for (const auto& [axis, value] : captures) stored.captures.push_back(value);
    if (!Measure(walks, chosen)) return false;
    stored.shape = shape_;
    stored.unknown_axis = unknown_axis_;
    const auto index = static_cast<uint32_t>(bound_.tensors.size());
    bound_.tensors.push_back(std::move(stored));
    if (static_cast<int64_t>(bound_.tensors.size()) > options_.most_tensors) return TooMany(options_.most_tensors);
    for (const uint32_t leaf : leaves_) Pieces(walks, chosen, leaf, index);
    return true;
  }

  // Shape and leaves in numbers; kept while the sizes stay the same from one stored tensor to the next.
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
      if (rule.pad && rule.pad->dim == static_cast<int64_t>(d)) {
        const std::optional<int64_t> padded = PaddedExtent(*rule.pad);
        if (padded && extent && *padded < *extent) {
          diagnostics_->Add(Code::kContradictingSize, rule.pad->place, fmt::format("padding {} to {} would cut it", *extent, *padded));
          return false;
        }
        extent = padded;
      }
      if (!extent) {
        for (const std::string& axis : entry().shape[d].Axes()) {
          if (!size_of(axis)) unknown_axis_ = axis;
        }
        if (unknown_axis_.empty()) unknown_axis_ = entry().shape[d].ToString();
      }
      shape_.push_back(extent.value_or(-1));
    }
    leaves_.clear();
    if (unknown_axis_.empty()) {
      for (const CheckedLeaf& leaf : entry().leaves) MakeLeaf(walks, leaf, size_of);
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

  void MakeLeaf(const std::vector<Walk>& walks, const CheckedLeaf& leaf, const Poly::SizeOf& size_of) {
    std::vector<int64_t> row(shape_.size(), 1);
    for (size_t d = shape_.size(); d-- > 1;) row[d - 1] = row[d] * shape_[d];
    BoundLeaf bound;
    bound.entry = entry_;
    bound.tensor = leaf.tensor;
    bound.tied = entry().rule->tied;
    int64_t start = 0;
    for (size_t d = 0; d < leaf.offsets.size(); ++d) start += leaf.offsets[d].Evaluate(size_of).value_or(0) * row[d];
    std::vector<std::map<std::string, int64_t>> strides(leaf.axes.size());
    const LogicalTensor& tensor = TensorOf(leaf);
    for (size_t a = 0; a < leaf.axes.size(); ++a) {
      const AxisUse& use = leaf.axes[a];
      BoundLeaf::Axis axis;
      axis.replicated = use.replicated;
      axis.fixed = std::any_of(walks.begin(), walks.end(), [&](const Walk& w) { return w.axis == tensor.axes[a] && w.use.alternative == use.alternative; }) && !use.replicated;
      if (use.replicated) axis.digits.push_back({model_.SizeOf(tensor.axes[a]).value_or(1), 0});
      for (const AxisUse::Atom& atom : use.atoms) {
        if (atom.captured) continue;
        const int64_t stride = atom.stride.Evaluate(size_of).value_or(0) * row[static_cast<size_t>(atom.dim)];
        strides[a][atom.axis] = stride;
        if (!axis.fixed) axis.digits.push_back({size_of(atom.axis).value_or(0), stride});
      }
      bound.axes.push_back(std::move(axis));
    }
    leaves_.push_back(static_cast<uint32_t>(bound_.leaves.size()));
    bound_.leaves.push_back(std::move(bound));
    starts_[leaves_.back()] = start;
    for (const AxisUse& use : leaf.axes) alternatives_[leaves_.back()].push_back(use.alternative);
    strides_[leaves_.back()] = std::move(strides);
  }

  // One piece per combination of the walked values of the chosen groups.
  void Pieces(const std::vector<Walk>& walks, const std::vector<const Group*>& chosen, uint32_t leaf_index, uint32_t stored) {
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
      while (walks[w].axis != tensor.axes[a] || walks[w].use.alternative != alternatives_.at(leaf_index)[a]) ++w;
      std::vector<BoundPiece> next;
      for (const BoundPiece& piece : pieces) {
        for (const WalkedValue& value : chosen[w]->values) {
          BoundPiece made = piece;
          made.fixed[a] = value.value;
          for (size_t i = 0; i < walks[w].use.atoms.size(); ++i) {
            const AxisUse::Atom& atom = walks[w].use.atoms[i];
            if (atom.captured) continue;
            const std::vector<int64_t>& digits = chosen[w]->ranks.at(atom.axis);
            const auto rank = std::lower_bound(digits.begin(), digits.end(), value.digits[i]) - digits.begin();
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
  std::pair<int, std::vector<std::string>> axes_of_{-1, {}};
  std::vector<std::optional<int64_t>> last_sizes_;
  int last_entry_ = -1;
  std::vector<int64_t> shape_;
  std::string unknown_axis_;
  std::vector<uint32_t> leaves_;
  std::map<uint32_t, int64_t> starts_;
  std::map<uint32_t, std::vector<int>> alternatives_;  // per leaf and axis
  std::map<uint32_t, std::vector<std::map<std::string, int64_t>>> strides_;
};

}  // namespace

std::optional<BoundLayout> Instantiate(const Model& model, const CheckedLayout& layout, const LayoutChoice& choice,
                                       const InstantiateOptions& options, Diagnostics* diagnostics) {
  return Instantiator(model, layout, choice, options, diagnostics).Run();
}

}  // namespace rr
