// Entries, placed and bound: every leaf of every key to one tensor and to each of its axes.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "check/proofs.h"
#include "syntax/formula_poly.h"

namespace rr {
namespace {

class Binder {
 public:
  Binder(const RuleFile& file, const std::vector<LogicalTensor>& tensors, BoundForms* forms,
         CheckedLayout* layout, Diagnostics* diagnostics)
      : file_(file), tensors_(tensors), forms_(*forms), layout_(layout), diagnostics_(diagnostics) {
    axis_names_ = AxisNames(file);
    refinements_ = layout->RefinementsText();
  }

  void Run() {
    size_t count = 0;
    for (const TableRule* table : layout_->tables) {
      if (table == nullptr) continue;
      for (const TableRule::Variant& variant : table->variants) count += variant.entries.size();
    }
    layout_->entries.reserve(count);
    for (size_t b = 0; b < layout_->tables.size(); ++b) {
      const TableRule* table = layout_->tables[b];
      if (table == nullptr) continue;
      block_ = static_cast<int>(b);
      const size_t errors = diagnostics_->ErrorCount();
      for (size_t v = 0; v < table->variants.size(); ++v) {
        for (const EntryRule& entry : table->variants[v].entries) Entry(entry, static_cast<int>(v));
      }
      for (const DefaultRule& rule : table->defaults) {
        if (FindTensor(rule.tensor.text) < 0) UnknownTensor(rule.tensor.text, rule.tensor.place);
      }
      if (diagnostics_->ErrorCount() > errors) layout_->broken[b] = true;
    }
  }

 private:
  const BlockRule& Block() const { return file_.blocks[static_cast<size_t>(block_)]; }

  int FindTensor(const std::string& name) const {
    // The tensors of a block stand together, in the order of the blocks.
    const auto first = std::partition_point(
        tensors_.begin(), tensors_.end(), [&](const LogicalTensor& t) { return t.block < block_; });
    for (auto t = first; t != tensors_.end() && t->block == block_; ++t) {
      if (t->name == name) return static_cast<int>(t - tensors_.begin());
    }
    return -1;
  }

  void UnknownTensor(const std::string& name, const Place& place) {
    if (Block().broken) return;  // its declaration may be what could not be read
    std::vector<std::string> names;
    for (const LogicalTensor& tensor : tensors_) {
      if (tensor.block == block_) names.push_back(tensor.name);
    }
    Diagnostic& d =
        diagnostics_->Add(Code::kUnknownName, place,
                          fmt::format("block `{}` has no tensor `{}`", Block().name.text, name));
    SuggestName(&d, name, names, "tensors");
  }

  bool KnownAxis(const std::string& name, const Place& place, Code code = Code::kUnknownName) {
    if (std::find(axis_names_.begin(), axis_names_.end(), name) != axis_names_.end()) return true;
    SuggestName(
        &diagnostics_->Add(code, place, fmt::format("`{}` is no axis of this family", name)), name,
        axis_names_, "axes");
    return false;
  }

  void Entry(const EntryRule& rule, int variant) {
    if (rule.match) CheckMatch(rule, diagnostics_);
    struct Placed {
      KeyTemplate key;
      AxisExpr expr;
      std::optional<KeyTemplate> weight;
    };
    std::vector<Placed> placed;
    placed.push_back({rule.key, rule.expr, rule.weight});
    for (const PlaceRule* place : layout_->place) {
      std::vector<Placed> next;
      for (Placed& one : placed) {
        const bool captured =
            std::any_of(one.key.parts.begin(), one.key.parts.end(), [&](const KeyPart& part) {
              return part.kind == KeyPart::Kind::kCapture && part.text == place->axis.text;
            });
        if (!captured) {
          next.push_back(std::move(one));
          continue;
        }
        const bool has_axis = Mentions(one.expr, AxisNode::Kind::kAxis, place->axis.text);
        for (const PlaceCase& one_case : place->cases) {
          if (!one_case.dims.empty() && !has_axis && !rule.drop) {
            diagnostics_
                ->Add(Code::kBadPlace, rule.place,
                      fmt::format("layout `{}` puts {} in the shape as `{}`, and the expression "
                                  "does not say where",
                                  layout_->name.text, place->axis.text, ToString(one_case.dims)))
                .help =
                fmt::format("write `{}` where it stands in the expression", place->axis.text);
            return;
          }
          const bool last = &one_case == &place->cases.back();
          Placed made = last ? std::move(one) : one;
          const auto put = [&](KeyTemplate* key) {
            *key = ReplacePart(std::move(*key), KeyPart::Kind::kCapture, place->axis.text,
                               one_case.key);
          };
          put(&made.key);
          made.expr = ReplaceAxis(std::move(made.expr), place->axis.text, one_case.dims);
          if (made.weight) put(&*made.weight);
          next.push_back(std::move(made));
        }
      }
      placed = std::move(next);
    }
    for (Placed& one : placed)
      Bind(rule, variant, std::move(one.key), std::move(one.expr), std::move(one.weight));
  }

  void Bind(const EntryRule& rule, int variant, KeyTemplate key, AxisExpr expr,
            std::optional<KeyTemplate> weight) {
    CheckedEntry entry;
    if (weight) {
      entry.weight = Normalized(std::move(*weight));
      for (KeyPart& part : entry.weight->parts) {
        if (part.kind == KeyPart::Kind::kCapture && !GiveWords(&part)) return;
      }
    }
    entry.block = block_;
    entry.variant = variant;
    entry.rule = &rule;
    entry.key = Normalized(std::move(key));
    bool good = true;
    for (KeyPart& part : entry.key.parts) {
      if (part.kind == KeyPart::Kind::kCapture) {
        good = KnownAxis(part.text, part.place, Code::kUnknownKeyName) && GiveWords(&part) && good;
      } else if (part.kind == KeyPart::Kind::kName) {
        const bool known = std::any_of(layout_->prefixes.begin(), layout_->prefixes.end(),
                                       [&](const auto& p) { return p.first == part.text; });
        if (known) continue;
        std::vector<std::string> names;
        for (const auto& [name, variants] : layout_->prefixes) names.push_back(name);
        SuggestName(&diagnostics_->Add(Code::kUnknownKeyName, part.place,
                                       fmt::format("layout `{}` has no named string `{}`",
                                                   layout_->name.text, part.text)),
                    part.text, names, "named strings");
        good = false;
      }
    }
    if (rule.drop) {
      if (good) layout_->entries.push_back(std::move(entry));
      return;
    }
    if (rule.times) {
      entry.times = FindTensor(rule.times->text);
      if (entry.times < 0) UnknownTensor(rule.times->text, rule.times->place);
      good = good && entry.times >= 0;
    }
    const std::string form = FormOf(rule, entry.key, expr);
    if (const auto known = forms_.find(form); known != forms_.end()) {
      if (!good) return;
      entry.shape = known->second.shape;
      entry.leaves = known->second.leaves;
    } else {
      std::optional<BoundForm> bound = BindExpr(rule, entry.key, expr, good);
      if (!bound || !good) return;
      entry.shape = bound->shape;
      entry.leaves = bound->leaves;
      forms_.emplace(form, std::move(*bound));
    }
    entry.expr = std::move(expr);
    if (!CheckStated(rule, tensors_, entry, diagnostics_)) return;
    layout_->entries.push_back(std::move(entry));
  }

  // All that decides what an expression is bound to.
  std::string FormOf(const EntryRule& rule, const KeyTemplate& key, const AxisExpr& expr) const {
    std::string form = fmt::format("{} {} @", block_, ToString(expr));
    for (const KeyPart& part : key.parts) {
      if (part.kind == KeyPart::Kind::kCapture) form += " " + part.text;
    }
    for (const Name& axis : rule.replicate) form += " =" + axis.text;
    for (const std::string& tensor : rule.shared) form += " " + tensor;
    return form + "/" + refinements_;
  }

  std::optional<BoundForm> BindExpr(const EntryRule& rule, const KeyTemplate& key,
                                    const AxisExpr& expr, bool good) {
    ForEachNode(expr, [&](const AxisNode& node) {
      if (node.kind == AxisNode::Kind::kAxis || node.kind == AxisNode::Kind::kCopies) {
        good = KnownAxis(node.name, node.place) && good;
      } else if (node.kind == AxisNode::Kind::kTensor && FindTensor(node.name) < 0) {
        UnknownTensor(node.name, node.place);
        good = false;
      }
    });
    for (const Name& axis : rule.replicate) good = KnownAxis(axis.text, axis.place) && good;
    if (!good) return std::nullopt;
    std::optional<ExpandedExpr> expanded = Expand(expr, diagnostics_);
    if (!expanded) return std::nullopt;
    std::vector<CheckedLeaf> leaves;
    for (const Leaf& leaf : expanded->leaves) {
      // A part that names no tensor belongs to all that share it.
      std::vector<std::string> tensors{leaf.tensor};
      if (leaf.tensor.empty() && !rule.shared.empty()) tensors = rule.shared;
      for (const std::string& tensor : tensors) {
        std::optional<CheckedLeaf> bound = BindLeaf(rule, key, leaf, tensor);
        if (!bound) return std::nullopt;
        leaves.push_back(std::move(*bound));
      }
    }
    return BoundForm{std::move(expanded->shape), std::move(leaves)};
  }

  // An enumerated axis stands in a key by its words; a capture may have other words for the same
  // values.
  bool GiveWords(KeyPart* part) {
    const AxisRule& axis = *file_.FindAxis(part->text);
    const bool enumerated = axis.kind == AxisRule::Kind::kWords;
    if (part->words.empty()) {
      part->words = axis.words;
      return true;
    }
    size_t count = axis.words.size();
    if (!enumerated && axis.formula) {
      const std::optional<Poly> size = ToPoly(*axis.formula);
      for (size_t n = 1; size && n <= 64; ++n)
        count = *size == Poly::Constant(static_cast<int64_t>(n)) ? n : count;
    }
    if (count == part->words.size()) return true;
    Diagnostic& d = diagnostics_->Add(
        Code::kBadKeyTemplate, part->place,
        fmt::format("the capture has {} words, and {}", part->words.size(),
                    count > 0 ? fmt::format("axis {} has {} values", part->text, count)
                              : fmt::format("how many values axis {} has is not said by the rules",
                                            part->text)));
    d.notes.push_back({axis.name.place, fmt::format("{} is declared here", part->text)});
    if (count == 0)
      d.help = fmt::format("declare it by its words, `{}: [{}]`", part->text,
                           fmt::join(part->words, ", "));
    return false;
  }

  std::optional<CheckedLeaf> BindLeaf(const EntryRule& rule, const KeyTemplate& key,
                                      const Leaf& leaf, const std::string& tensor_name) {
    if (tensor_name.empty()) {
      if (Block().broken) return std::nullopt;
      Diagnostic& d =
          diagnostics_->Add(Code::kNoTensor, rule.expr_text ? rule.expr_text->place() : rule.place,
                            "a part of this expression belongs to no tensor");
      d.help =
          fmt::format("block `{}` has several tensors: write `tensor[...]`", Block().name.text);
      return std::nullopt;
    }
    const int index = FindTensor(tensor_name);
    const LogicalTensor& tensor = tensors_[static_cast<size_t>(index)];
    // Every axis of the key and of the leaf.
    Atoms atoms;
    atoms.reserve(key.parts.size() + leaf.axes.size());
    for (const KeyPart& part : key.parts) {
      if (part.kind == KeyPart::Kind::kCapture) atoms.push_back({part.text, true, -1, Poly()});
    }
    CheckedLeaf bound;
    bound.tensor = index;
    bound.offsets = leaf.offsets;
    for (const LeafAxis& axis : leaf.axes)
      (axis.copies ? bound.copies : atoms).push_back({axis.axis, false, axis.dim, axis.stride});
    auto wrong = [&]() {
      std::vector<std::string> stored = key.Captures();
      for (const LeafAxis& axis : leaf.axes) {
        if (!axis.copies) stored.push_back(axis.axis);
      }
      Diagnostic& d = diagnostics_->Add(
          Code::kWrongAxes, leaf.place.FileName().empty() ? rule.place : leaf.place,
          fmt::format("`{}` is stored over [{}] but its axes are [{}]", tensor.name,
                      fmt::join(stored, " "), fmt::join(tensor.axes, " ")));
      d.notes.push_back({tensor.place, fmt::format("`{}` is declared here", tensor.name)});
      d.help = DifferenceOf(stored, tensor.axes);
      return std::nullopt;
    };
    for (const std::string& axis : tensor.axes) {
      AxisUse use;
      const bool replicated = std::any_of(rule.replicate.begin(), rule.replicate.end(),
                                          [&](const Name& n) { return n.text == axis; });
      if (const auto atom = Find(&atoms, axis); atom != atoms.end()) {
        use.atoms.push_back(std::move(*atom));
        atoms.erase(atom);
      } else if (!UseAlternative(axis, &atoms, &use)) {
        if (!replicated) return wrong();
        use.replicated = true;
      }
      bound.axes.push_back(std::move(use));
    }
    if (!atoms.empty()) return wrong();
    return bound;
  }

  using Atoms = std::vector<AxisUse::Atom>;
  static Atoms::iterator Find(Atoms* atoms, std::string_view axis) {
    return std::find_if(atoms->begin(), atoms->end(),
                        [&](const AxisUse::Atom& atom) { return atom.axis == axis; });
  }

  // What is wrong with the axes stored, in words.
  std::string DifferenceOf(const std::vector<std::string>& stored,
                           const std::vector<std::string>& axes) const {
    const auto in = [](const std::vector<std::string>& names, const std::string& name) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    std::vector<std::string> parts, seen, factors;
    for (const std::string& axis : axes) {
      std::vector<std::string> own;
      const auto refinement = layout_->refinements.find(axis);
      for (size_t i = 0;
           refinement != layout_->refinements.end() && i < refinement->second.alternatives.size();
           ++i) {
        for (const auto& factor : refinement->second.alternatives[i].factors)
          own.push_back(factor.axis);
      }
      const bool begun =
          std::any_of(own.begin(), own.end(), [&](const std::string& f) { return in(stored, f); });
      if (!in(stored, axis))
        parts.push_back(
            begun ? fmt::format("not all factors of {} are there, [{}]", axis, fmt::join(own, " "))
                  : fmt::format("{} is missing", axis));
      factors.insert(factors.end(), own.begin(), own.end());
    }
    for (const std::string& name : stored) {
      if (in(seen, name)) {
        parts.push_back(fmt::format("{} is there twice", name));
      } else if (!in(axes, name) && !in(factors, name)) {
        parts.push_back(fmt::format("{} is none of them", name));
      }
      seen.push_back(name);
    }
    return fmt::format("{}", fmt::join(parts, "; "));
  }

  // All factors of one alternative of the axis's refinement, the alternative with the most factors
  // first.
  bool UseAlternative(const std::string& axis, Atoms* atoms, AxisUse* use) const {
    const auto refinement = layout_->refinements.find(axis);
    if (refinement == layout_->refinements.end()) return false;
    int best = -1;
    size_t most = 0;
    const auto& alternatives = refinement->second.alternatives;
    for (size_t i = 0; i < alternatives.size(); ++i) {
      const auto& factors = alternatives[i].factors;
      const bool all = std::all_of(
          factors.begin(), factors.end(),
          [&](const Refinement::Factor& f) { return Find(atoms, f.axis) != atoms->end(); });
      if (!all || factors.empty() || factors.size() <= most) continue;
      best = static_cast<int>(i);
      most = factors.size();
    }
    if (best < 0) return false;
    use->alternative = best;
    for (const Refinement::Factor& factor : alternatives[static_cast<size_t>(best)].factors) {
      const auto found = Find(atoms, factor.axis);
      use->atoms.push_back(std::move(*found));
      atoms->erase(found);
    }
    return true;
  }

  const RuleFile& file_;
  const std::vector<LogicalTensor>& tensors_;
  BoundForms& forms_;
  CheckedLayout* layout_;
  Diagnostics* diagnostics_;
  std::vector<std::string> axis_names_;
  std::string refinements_;
  int block_ = 0;
};

}  // namespace

void BindEntries(const RuleFile& file, const std::vector<LogicalTensor>& tensors, BoundForms* forms,
                 CheckedLayout* layout, Diagnostics* diagnostics) {
  Binder(file, tensors, forms, layout, diagnostics).Run();
}

}  // namespace rr
