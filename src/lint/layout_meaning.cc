#include "lint/layout_meaning.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace rr {
namespace {

class Reader {
 public:
  Reader(const CheckedRules& rules, const CheckedLayout& layout, const NormalForms& forms)
      : rules_(rules), layout_(layout), forms_(forms) {}

  LayoutMeaning Read() {
    for (const CheckedEntry& entry : layout_.entries) {
      LayoutMeaning::Key& key = meaning_.keys[KeyText(entry.key)];
      key.shown = entry.key.ToString();
      key.elements.insert({ElementsOf(entry), Shown(entry)});
      if (const auto& where = Block(entry.block).where)
        Ask("block " + Block(entry.block).name.text, forms_.Of(*where), ShownCondition(*where));
    }
    for (const Formula* formula : layout_.require)
      Ask("require " + forms_.Of(*formula), "", formula->text().text);
    for (const RegexRule& ignore : layout_.ignore) Recognise(ignore.regex.text, "ignore");
    for (const SpannedText& pass : layout_.pass) Recognise(pass.text, "pass");
    for (const TableRule* table : layout_.tables) {
      if (table == nullptr) continue;
      for (const DefaultRule& rule : table->defaults)
        Ask("default of " + rule.tensor.text, forms_.Of(rule.value), rule.value.text().text);
    }
    return std::move(meaning_);
  }

 private:
  const BlockRule& Block(int block) const {
    return rules_.file->blocks[static_cast<size_t>(block)];
  }

  void Ask(const std::string& what, std::string normal, std::string shown) {
    meaning_.config[what] = {std::move(normal), std::move(shown)};
  }

  void Recognise(const std::string& regex, const std::string& word) {
    LayoutMeaning::Key& key = meaning_.keys["regex " + regex];
    key.shown = regex;
    key.elements.insert({word, word});
  }

  // With what its kinds mean.
  std::string ShownCondition(const Formula& where) const {
    std::string text = where.text().text;
    for (const Formula::Name& name : where.Names()) {
      for (const KindRule& partition : rules_.file->kinds) {
        for (const auto& [kind, condition] : partition.cases) {
          if (kind.text == name.name && condition)
            text += fmt::format(" ({})", condition->text().text);
        }
      }
    }
    return text;
  }

  // The axis, of which the config is asked.
  std::string Label(const std::string& name) {
    const std::string label = forms_.LabelOf(name);
    if (const AxisRule* axis = rules_.file->FindAxis(name);
        axis != nullptr && meaning_.config.count(label) == 0)
      Ask(label, forms_.SizeOf(*axis), ShownSize(*axis));
    return label;
  }

  static std::string ShownSize(const AxisRule& axis) {
    if (axis.kind == AxisRule::Kind::kWords)
      return fmt::format("[{}]", fmt::join(axis.words, ", "));
    if (axis.kind != AxisRule::Kind::kByKind) {
      const std::string text = axis.formula ? axis.formula->text().text : "";
      if (axis.kind == AxisRule::Kind::kFormula)
        return axis.fallback ? text + ", else " + axis.fallback->text().text : text;
      return text.empty() ? "free" : "free, " + text;
    }
    std::vector<std::string> cases;
    for (const auto& [kind, formula] : axis.by_kind)
      cases.push_back(fmt::format("{}: {}", kind.text, formula.text().text));
    return fmt::format("{{{}}}", fmt::join(cases, ", "));
  }

  // A named string stands for its variants, whatever it is called.
  std::string KeyText(const KeyTemplate& key, int depth = 0) {
    std::string text;
    for (const KeyPart& part : key.parts) {
      if (part.kind == KeyPart::Kind::kLiteral) {
        text += part.text;
      } else if (part.kind == KeyPart::Kind::kCapture) {
        text += fmt::format("{{{}:{}}}", Label(part.text), fmt::join(part.words, "|"));
      } else {
        for (const auto& [name, variants] : layout_.prefixes) {
          if (name != part.text || depth > 3) continue;
          std::vector<std::string> texts;
          for (const KeyTemplate& variant : variants) texts.push_back(KeyText(variant, depth + 1));
          text += texts.size() == 1 ? texts[0] : fmt::format("<{}>", fmt::join(texts, "|"));
        }
      }
    }
    return text;
  }

  static std::string Shown(const CheckedEntry& entry) {
    if (entry.rule->drop) return "drop";
    std::string text = ToString(entry.expr);
    if (entry.rule->tied) text += entry.rule->written ? ", tied: written" : ", tied";
    if (entry.rule->cast) text += fmt::format(", cast: {}", NameOf(*entry.rule->cast));
    for (const auto& [word, formula] : Values(*entry.rule))
      text += fmt::format(", {}: {}", word, formula->text().text);
    if (entry.rule->times) text += fmt::format(", times: {}", entry.rule->times->text);
    return text;
  }

  static std::vector<std::pair<std::string, const Formula*>> Values(const EntryRule& rule) {
    std::vector<std::pair<std::string, const Formula*>> values;
    if (rule.add) values.emplace_back("add", &*rule.add);
    if (rule.multiply) values.emplace_back("multiply", &*rule.multiply);
    if (rule.back) values.emplace_back("back", &*rule.back);
    return values;
  }

  std::string ElementsOf(const CheckedEntry& entry) {
    const EntryRule& rule = *entry.rule;
    std::string text = fmt::format("variant {}", entry.variant);
    if (rule.drop) return text + " drop";
    if (rule.tied) text += rule.written ? " tied written" : " tied";
    if (rule.match) text += " match " + rule.match->text;
    if (rule.cast) text += fmt::format(" cast {}", NameOf(*rule.cast));
    for (const auto& [word, formula] : Values(rule))
      text += fmt::format(" {} {} in {}", word, forms_.Of(*formula), NameOf(rule.in));
    if (rule.times) text += " times " + rule.times->text;
    if (rule.pad)
      text += fmt::format(" pad {} {} {}", rule.pad->to.text, rule.pad->dim, rule.pad->check_zero);
    std::vector<std::string> leaves;
    for (const CheckedLeaf& leaf : entry.leaves) leaves.push_back(LeafText(leaf));
    std::sort(leaves.begin(), leaves.end());
    for (const Poly& dim : entry.shape) text += ", " + forms_.Of(dim);
    return fmt::format("{}; {}", text, fmt::join(leaves, "; "));
  }

  // Which elements of which tensor, and where: every axis of the tensor by its label.
  std::string LeafText(const CheckedLeaf& leaf) {
    const LogicalTensor& tensor = rules_.tensors[static_cast<size_t>(leaf.tensor)];
    std::vector<std::string> axes;
    for (size_t a = 0; a < leaf.axes.size(); ++a) {
      const char* side = a < tensor.batch ? "batch" : a < tensor.batch + tensor.out ? "out" : "in";
      axes.push_back(fmt::format("{} {}: {}", side, Label(tensor.axes[a]),
                                 UseText(tensor.axes[a], leaf.axes[a])));
    }
    std::sort(axes.begin(), axes.end());
    std::string text =
        rules_.FullName(leaf.tensor) + "[" + fmt::format("{}", fmt::join(axes, ", "));
    for (const Poly& offset : leaf.offsets) text += " + " + forms_.Of(offset);
    for (const AxisUse::Atom& atom : leaf.copies)
      text += fmt::format(" copies {}: dim {} by {}", Label(atom.axis), atom.dim,
                          forms_.Of(atom.stride));
    return text + "]";
  }

  // Where one step along the axis leads. Factors that lie beside each other are one.
  std::string UseText(const std::string& axis, const AxisUse& use) {
    if (use.replicated) return "replicated";
    struct Step {
      Poly weight, size;  // along the axis
      const AxisUse::Atom* atom;
      Poly stride;
    };
    std::vector<Step> steps;
    std::string text;
    if (use.alternative < 0) {
      for (const AxisUse::Atom& atom : use.atoms)
        steps.push_back({Poly::Constant(1), Poly::Axis(axis), &atom, atom.stride});
    } else {
      const Refinement::Alternative& part =
          layout_.refinements.at(axis).alternatives[static_cast<size_t>(use.alternative)];
      text = "from " + forms_.Of(part.offset);
      for (size_t i = 0; i < use.atoms.size(); ++i) {
        steps.push_back({part.factors[i].stride, Poly::Axis(part.factors[i].axis), &use.atoms[i],
                         use.atoms[i].stride});
      }
    }
    for (size_t i = 0; i + 1 < steps.size();) {
      Step& slow = steps[i];
      const Step& fast = steps[i + 1];
      const bool one = !slow.atom->captured && !fast.atom->captured &&
                       slow.atom->dim == fast.atom->dim &&
                       forms_.Of(slow.weight) == forms_.Of(fast.weight * fast.size) &&
                       forms_.Of(slow.stride) == forms_.Of(fast.stride * fast.size);
      if (!one) {
        ++i;
        continue;
      }
      slow = {fast.weight, slow.size * fast.size, slow.atom, fast.stride};
      steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      if (i > 0) --i;
    }
    for (const Step& step : steps) {
      const std::string where =
          step.atom->captured ? "key " + Label(step.atom->axis)
                              : fmt::format("dim {} by {}", step.atom->dim, forms_.Of(step.stride));
      text += fmt::format(" ({} of {}: {})", forms_.Of(step.weight), forms_.Of(step.size), where);
    }
    return text;
  }

  const CheckedRules& rules_;
  const CheckedLayout& layout_;
  const NormalForms& forms_;
  LayoutMeaning meaning_;
};

}  // namespace

LayoutMeaning MeaningOf(const CheckedRules& rules, const CheckedLayout& layout,
                        const NormalForms& forms) {
  return Reader(rules, layout, forms).Read();
}

}  // namespace rr
