#include "check/derive_adapters.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "check/derive_factor.h"
#include "check/proofs.h"

namespace rr {
namespace {

// Text that a style's key gives for one weight: its place is the style's key.
SpannedText TextAt(std::string text, const SpannedText& key) {
  SpannedText made;
  made.offsets = key.OffsetsFor(text);
  made.text = std::move(text);
  made.source = key.source;
  return made;
}

// What all styles ask of the weights of one layout.
class LayoutWeights {
 public:
  LayoutWeights(const RuleFile& file, const CheckedLayout& layout) : file_(file) {
    for (const LayoutRule* link = file.FindLayout(layout.name.text); link != nullptr;
         link = link->like ? file.FindLayout(link->like->text) : nullptr) {
      for (const RefineRule& refine : link->refine) {
        const bool known = std::any_of(refine_.begin(), refine_.end(), [&](const RefineRule& r) {
          return r.axis.text == refine.axis.text;
        });
        if (!known) refine_.push_back(refine);
      }
    }
  }

  const std::vector<RefineRule>& refine() const { return refine_; }
  const StoredWeight& Of(size_t block, const EntryRule& entry) {
    const auto [known, is_new] = weights_.try_emplace(&entry);
    if (is_new) known->second = StoredWeightOf(refine_, file_.blocks[block], entry);
    return known->second;
  }

 private:
  const RuleFile& file_;
  std::vector<RefineRule> refine_;
  std::unordered_map<const EntryRule*, StoredWeight> weights_;
};

class LayoutDeriver {
 public:
  LayoutDeriver(const CheckedRules& weights, const CheckedLayout& base, LayoutWeights* stored,
                StylePtr style, std::string name, const WantedAdapters& wanted, RegexMemo* matches,
                Diagnostics* diagnostics)
      : file_(*weights.file),
        base_(base),
        stored_(*stored),
        style_(std::move(style)),
        wanted_(wanted),
        matches_(*matches),
        diagnostics_(diagnostics) {
    rule_.name = {std::move(name), style_->name.place};
    rule_.style = style_;
    rule_.about = style_->about;
    rule_.partial = style_->partial ? style_->partial : base.partial;
    rule_.prefixes = style_->prefixes;
    for (const auto& [prefix, variants] : base.prefixes) {
      std::vector<SpannedText> texts;
      for (const KeyTemplate& variant : variants) texts.push_back(variant.text);
      rule_.prefixes.push_back({{prefix, {}}, std::move(texts)});
    }
    for (const PlaceRule* place : base.place) rule_.place.push_back(*place);
    for (const Formula* formula : base.require) rule_.require.push_back(*formula);
    rule_.refine = stored->refine();
  }

  // Whether any factor found a key.
  bool Run(std::vector<BlockRule>* blocks) {
    for (size_t b = 0; b < file_.blocks.size(); ++b) {
      if (base_.tables[b] != nullptr) Table(b, &(*blocks)[b]);
    }
    return has_factors_;
  }

  const LayoutRule& rule() const { return rule_; }

 private:
  void Table(size_t block, BlockRule* into) {
    block_ = block;
    const TableRule& weights = *base_.tables[block];
    TableRule table;
    table.layout = rule_.name;
    table.place = style_->name.place;
    table.partial = weights.partial;
    for (const TableRule::Variant& weight_variant : weights.variants) {
      std::set<std::vector<std::string>> seen;
      bool first = true;
      for (const AdapterVariant& style_variant : style_->variants) {
        TableRule::Variant variant;
        variant.name = {weight_variant.name.text + style_variant.name.text, style_->name.place};
        bool complete = true;
        variant.entries.reserve(2 * weight_variant.entries.size());  // an A and a B for most
        for (const EntryRule& entry : weight_variant.entries) {
          if (wanted_.weight && !wanted_.weight(base_, entry)) continue;
          if (!entry.drop && !entry.tied)
            complete = Entry(entry, style_variant, &variant.entries) && complete;
        }
        // Variants that differ elsewhere are one here.
        if (style_->variants.size() > 1 && !seen.insert(WordsOf(variant.entries)).second) continue;
        variant.may_lack = !first || !complete;
        first = false;
        table.variants.push_back(std::move(variant));
      }
    }
    const bool empty =
        std::all_of(table.variants.begin(), table.variants.end(),
                    [](const TableRule::Variant& variant) { return variant.entries.empty(); });
    if (!empty || table.partial) into->tables.push_back(std::move(table));
  }

  static std::vector<std::string> WordsOf(const std::vector<EntryRule>& entries) {
    std::vector<std::string> words;
    for (const EntryRule& entry : entries) {
      words.push_back(entry.key.text.text + " " + ToString(entry.expr));
      for (const Name& axis : entry.replicate) words.back() += " " + axis.text;
    }
    return words;
  }

  // Whether the factors of the weight have keys, if any of what it holds is linear. What is stored
  // together with something that no adapter changes has none.
  bool Entry(const EntryRule& rule, const AdapterVariant& variant,
             std::vector<EntryRule>* entries) {
    // What is stored is a product: a change of the weight is no such change of it.
    if (rule.times) return false;
    const StoredWeight& weight = stored_.Of(block_, rule);
    const std::vector<const TensorRule*>& tensors = weight.tensors;
    const auto is_linear = [](const TensorRule* t) { return t->linear; };
    const bool linear = !tensors.empty() && std::all_of(tensors.begin(), tensors.end(), is_linear);
    bool factored = false;
    for (const AdapterModule& module : variant.modules) {
      const std::optional<RegexMatch>& match = matches_.Match(module.regex, weight.key);
      if (!match) continue;
      if (!module.tensors.empty() && !HoldsJust(tensors, module.tensors)) continue;
      bool has_factor = false;
      for (const AdapterKey& key : module.keys) {
        const bool saved = key.holds == Factor::kSaved;
        has_factor = has_factor || !saved;
        if (!saved && (!linear || factored)) continue;
        if (!Factored(weight, *match, module, key, &entries->emplace_back())) {
          entries->pop_back();
          continue;
        }
        has_factors_ = has_factors_ || !saved || wanted_.weight;  // the rest may have them
      }
      factored = factored || (has_factor && linear);
    }
    return factored || std::none_of(tensors.begin(), tensors.end(), is_linear);
  }

  static bool HoldsJust(const std::vector<const TensorRule*>& tensors,
                        const std::vector<std::string>& names) {
    return tensors.size() == names.size() &&
           std::all_of(tensors.begin(), tensors.end(), [&](const TensorRule* t) {
             return std::find(names.begin(), names.end(), t->name.text) != names.end();
           });
  }

  bool Factored(const StoredWeight& weight, const RegexMatch& match, const AdapterModule& module,
                const AdapterKey& key, EntryRule* entry) {
    const std::optional<std::string> text = match.Rewrite(key.key.text);
    if (!text) return Bad(key.key.place(), "this key asks for a group that `of` does not have");
    std::optional<KeyTemplate> made = ParseKeyTemplate(TextAt(*text, key.key), diagnostics_);
    if (!made || (wanted_.key && !wanted_.key(*made))) return false;
    if (key.holds == Factor::kSaved) {
      *entry = *weight.entry;
      entry->match.reset();
    } else if (!FillFactor(rule_.refine, *style_, weight, key, entry, diagnostics_)) {
      return false;
    }
    entry->place = key.key.place();
    entry->key = std::move(*made);
    entry->weight = weight.entry->key;
    entry->parameter = module.parameter;
    return true;
  }

  bool Bad(const Place& place, std::string message) {
    Diagnostics one;
    one.Add(Code::kBadAdapterStyle, place, std::move(message));
    diagnostics_->AppendNew(one);
    return false;
  }

  const RuleFile& file_;
  const CheckedLayout& base_;
  LayoutWeights& stored_;
  StylePtr style_;
  const WantedAdapters& wanted_;
  RegexMemo& matches_;
  Diagnostics* diagnostics_;
  LayoutRule rule_;
  size_t block_ = 0;
  bool has_factors_ = false;
};

Name Extended(const Name& name, const std::string& suffix) {
  return {name.text + suffix, name.place};
}

// The tensors of an adapter to one tensor of the model.
std::vector<TensorRule> FactorsOf(const TensorRule& weight) {
  TensorRule saved = weight;
  saved.bias = TensorRule::Bias::kNone;
  saved.factor = Factor::kSaved;
  saved.weight = weight.name.text;
  saved.optional = true;
  saved.dtype.reset();
  std::vector<TensorRule> tensors{saved};
  if (!weight.linear) return tensors;
  const Name rank{kRankAxis, weight.place};
  auto add = [&](Factor factor, std::vector<Name> own, bool optional) {
    TensorRule tensor = saved;
    tensor.name = Extended(weight.name, SuffixOf(factor));
    tensor.linear = false;
    tensor.out = std::move(own);
    tensor.in.clear();
    tensor.factor = factor;
    tensor.optional = optional;
    tensors.push_back(std::move(tensor));
  };
  std::vector<Name> a{rank}, b = weight.out;
  a.insert(a.end(), weight.in.begin(), weight.in.end());
  b.push_back(rank);
  add(Factor::kA, a, false);
  add(Factor::kB, b, false);
  add(Factor::kMagnitude, weight.out, true);
  add(Factor::kBias, weight.out, true);
  return tensors;
}

}  // namespace

std::string SuffixOf(Factor factor) {
  switch (factor) {
    case Factor::kA:
      return ".A";
    case Factor::kB:
      return ".B";
    case Factor::kMagnitude:
      return ".m";
    case Factor::kBias:
      return ".bias";
    default:
      return "";
  }
}

RuleFile DeriveAdapters(const CheckedRules& weights, const std::vector<StylePtr>& styles,
                        Diagnostics* diagnostics) {
  RegexMemo matches;
  return DeriveAdapters(weights, styles, {}, &matches, diagnostics);
}

RuleFile DeriveAdapters(const CheckedRules& weights, const std::vector<StylePtr>& styles,
                        const WantedAdapters& wanted, RegexMemo* matches,
                        Diagnostics* diagnostics) {
  const RuleFile& file = *weights.file;
  RuleFile adapters;
  adapters.family = file.family;
  adapters.model_types = file.model_types;
  adapters.architectures = file.architectures;
  adapters.axes = file.axes;
  adapters.kinds = file.kinds;
  adapters.targets = file.targets;
  adapters.require = file.require;
  adapters.sources = file.sources;
  adapters.adapters = true;
  if (const AxisRule* axis = file.FindAxis(kRankAxis)) {
    diagnostics->Add(Code::kBadAdapterStyle, axis->name.place,
                     "`R` is the rank of adapters: this axis needs another name");
    return adapters;
  }
  AxisRule rank;
  rank.name = {kRankAxis, {}};
  rank.kind = AxisRule::Kind::kFree;
  adapters.axes.push_back(std::move(rank));
  for (const BlockRule& block : file.blocks) {
    BlockRule made;
    made.name = block.name;
    made.where = block.where;
    made.optional = true;
    for (const TensorRule& tensor : block.tensors) {
      for (TensorRule& factor : FactorsOf(tensor)) made.tensors.push_back(std::move(factor));
    }
    adapters.blocks.push_back(std::move(made));
  }
  std::map<const CheckedLayout*, LayoutWeights> stored;
  for (const StylePtr& style : styles) {
    for (const Name& base : style->base) {
      const bool every = base.text == "*";
      bool found = false;
      for (const CheckedLayout& layout : weights.layouts) {
        if (!every && layout.name.text != base.text) continue;
        found = true;
        const std::string name =
            every ? style->name.text + "." + layout.name.text : style->name.text;
        LayoutWeights& own = stored.try_emplace(&layout, file, layout).first->second;
        LayoutDeriver deriver(weights, layout, &own, style, name, wanted, matches, diagnostics);
        if (deriver.Run(&adapters.blocks)) {
          adapters.layouts.push_back(deriver.rule());
          continue;
        }
        for (BlockRule& block : adapters.blocks)
          std::erase_if(block.tables,
                        [&](const TableRule& table) { return table.layout.text == name; });
      }
      if (found && !every) break;
    }
  }
  return adapters;
}

}  // namespace rr
