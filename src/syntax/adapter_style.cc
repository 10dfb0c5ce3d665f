#include "syntax/adapter_style.h"

#include <fmt/format.h>

#include <algorithm>

#include "syntax/fields.h"
#include "syntax/regex.h"

namespace rr {
namespace {

const std::vector<std::string> kStyleFields = {
    "about", "like",    "base",        "prefixes", "let",    "modules", "one of", "partial",
    "rank",  "uniform", "scaled rank", "marks",    "unless", "twin of", "stamp"};

class StyleParser {
 public:
  explicit StyleParser(Diagnostics* diagnostics) : diagnostics_(diagnostics) {}

  std::vector<AdapterStyle> Parse(const YamlNode& root) {
    if (!ExpectMap(root, "a file of adapter styles", diagnostics_)) return {};
    ExpectVersion(root, "a file of adapter styles", diagnostics_);
    RefuseUnknownFields(root, "a file of adapter styles", {"rule-runner", "about", "styles"},
                        diagnostics_);
    const YamlNode* styles = root.Find("styles");
    if (styles == nullptr) {
      diagnostics_->Add(Code::kMissingField, root.place, "a file of adapter styles has `styles`");
      return {};
    }
    if (!ExpectMap(*styles, "`styles`", diagnostics_)) return {};
    for (const YamlMember& style : styles->members) Style(style);
    return std::move(styles_);
  }

 private:
  void Style(const YamlMember& member) {
    const YamlNode& node = member.value;
    if (!ExpectMap(node, "a style", diagnostics_)) return;
    RefuseUnknownFields(node, "a style", kStyleFields, diagnostics_);
    AdapterStyle style;
    if (!Like(node, &style)) return;
    style.name = NameFrom(member.key);
    if (const YamlNode* about = node.Find("about"))
      if (ExpectText(*about, "`about`", diagnostics_)) style.about = about->text.text;
    if (const YamlNode* base = node.Find("base")) {
      style.base.clear();
      for (const SpannedText& layout : TextsOf(*base, "a layout", diagnostics_))
        style.base.push_back(NameFrom(layout));
    }
    if (style.base.empty())
      diagnostics_->Add(Code::kMissingField, member.key.place(),
                        "a style needs `base`: the layouts whose weights it adapts");
    if (const YamlNode* prefixes = node.Find("prefixes");
        prefixes != nullptr && ExpectMap(*prefixes, "`prefixes`", diagnostics_)) {
      for (const YamlMember& prefix : prefixes->members) {
        std::erase_if(style.prefixes,
                      [&](const auto& p) { return p.first.text == prefix.key.text; });
        style.prefixes.push_back(
            {NameFrom(prefix.key),
             TextsOf(prefix.value, "a variant of a named string", diagnostics_)});
      }
    }
    if (const YamlNode* let = node.Find("let");
        let != nullptr && ExpectMap(*let, "`let`", diagnostics_)) {
      for (const YamlMember& one : let->members) {
        if (!ExpectText(one.value, "what a name stands for", diagnostics_)) continue;
        std::optional<AxisExpr> expr = ParseAxisExpr(one.value.text, diagnostics_);
        if (!expr) continue;
        std::erase_if(style.let, [&](const auto& l) { return l.first.text == one.key.text; });
        style.let.push_back({NameFrom(one.key), std::move(*expr)});
      }
    }
    if (const YamlNode* partial = node.Find("partial"))
      if (ExpectText(*partial, "`partial`, the reason,", diagnostics_))
        style.partial = partial->text.text;
    if (const YamlNode* rank = node.Find("rank");
        rank != nullptr && ExpectText(*rank, "`rank`", diagnostics_)) {
      style.config_rank = rank->text.text == "config";
      if (!style.config_rank && rank->text.text != "tensors")
        Bad(rank->place, "`rank` is `config` or `tensors`: what says which rank was trained");
    }
    if (const YamlNode* uniform = node.Find("uniform"))
      style.uniform = YesNoOf(*uniform, "`uniform`", diagnostics_).value_or(false);
    if (const YamlNode* scaled = node.Find("scaled rank")) style.scaled_rank = Scaled(*scaled);
    Formulas(node.Find("marks"), &style.marks);
    Formulas(node.Find("unless"), &style.unless);
    if (const YamlNode* twin = node.Find("twin of"))
      if (ExpectText(*twin, "`twin of`, a style,", diagnostics_))
        style.twin_of = NameFrom(twin->text);
    if (const YamlNode* stamp = node.Find("stamp")) style.stamp = Stamp(*stamp);
    Variants(node, &style);
    styles_.push_back(std::move(style));
  }

  std::vector<std::pair<std::string, std::string>> Stamp(const YamlNode& node) {
    std::vector<std::pair<std::string, std::string>> stamp;
    if (!ExpectMap(node, "`stamp`", diagnostics_)) return stamp;
    for (const YamlMember& one : node.members)
      if (ExpectText(one.value, "a stamp (JSON)", diagnostics_))
        stamp.push_back({one.key.text, one.value.text.text});
    return stamp;
  }

  std::optional<ScaledRank> Scaled(const YamlNode& node) {
    if (!ExpectMap(node, "`scaled rank`", diagnostics_)) return std::nullopt;
    RefuseUnknownFields(node, "`scaled rank`", {"axis", "is", "stamp"}, diagnostics_);
    const YamlNode* axis = node.Find("axis");
    const YamlNode* is = node.Find("is");
    const YamlNode* stamp = node.Find("stamp");
    if (axis == nullptr || is == nullptr || stamp == nullptr) {
      diagnostics_->Add(Code::kMissingField, node.place,
                        "`scaled rank` has `axis`, `is` (a formula of R) and `stamp`");
      return std::nullopt;
    }
    if (!ExpectText(*axis, "`axis`", diagnostics_)) return std::nullopt;
    std::optional<Formula> rank = FormulaOf(*is, "a rank", diagnostics_);
    if (!rank) return std::nullopt;
    return ScaledRank{NameFrom(axis->text), std::move(*rank), Stamp(*stamp)};
  }

  // A style may continue another one of the same file: its own modules come first.
  bool Like(const YamlNode& node, AdapterStyle* style) {
    const YamlNode* like = node.Find("like");
    if (like == nullptr) return true;
    if (!ExpectText(*like, "`like`, a style,", diagnostics_)) return false;
    for (const AdapterStyle& other : styles_) {
      if (other.name.text != like->text.text) continue;
      *style = other;
      style->marks.clear();
      style->unless.clear();
      style->stamp.clear();
      style->twin_of.reset();
      return true;
    }
    Bad(like->place, fmt::format("there is no style `{}` above", like->text.text));
    return false;
  }

  void Variants(const YamlNode& node, AdapterStyle* style) {
    std::vector<AdapterVariant> variants;
    const YamlNode* one_of = node.Find("one of");
    const YamlNode* modules = node.Find("modules");
    std::vector<AdapterModule> common;
    if (modules != nullptr) common = Modules(*modules);
    if (one_of != nullptr && ExpectMap(*one_of, "`one of`", diagnostics_)) {
      for (const YamlMember& variant : one_of->members)
        variants.push_back({NameFrom(variant.key), Modules(variant.value)});
    }
    if (variants.empty()) variants.push_back({});
    // Own modules, then those for all variants, then those of the style that this one is like.
    std::vector<AdapterVariant> inherited = std::move(style->variants);
    if (inherited.empty()) inherited.push_back({});
    const bool keep = variants.size() == 1 && variants[0].name.text.empty();
    std::vector<AdapterVariant> all;
    for (const AdapterVariant& old : inherited) {
      for (AdapterVariant variant : variants) {
        if (keep) variant.name = old.name;
        variant.modules.insert(variant.modules.end(), common.begin(), common.end());
        variant.modules.insert(variant.modules.end(), old.modules.begin(), old.modules.end());
        all.push_back(std::move(variant));
      }
      if (!keep) break;
    }
    style->variants = std::move(all);
  }

  std::vector<AdapterModule> Modules(const YamlNode& node) {
    std::vector<AdapterModule> modules;
    for (const YamlNode& item : ItemsOf(node)) {
      if (!ExpectMap(item, "a module", diagnostics_)) continue;
      RefuseUnknownFields(item, "a module", {"of", "tensors", "parameter", "keys"}, diagnostics_);
      const YamlNode* of = item.Find("of");
      const YamlNode* keys = item.Find("keys");
      if (of == nullptr || keys == nullptr) {
        diagnostics_->Add(Code::kMissingField, item.place,
                          "a module needs `of` (a regex of weights) and `keys`");
        continue;
      }
      if (!ExpectText(*of, "`of`", diagnostics_) || !ExpectMap(*keys, "`keys`", diagnostics_))
        continue;
      AdapterModule module;
      module.of = of->text;
      if (!CompilesAsRegex(of->text, diagnostics_)) continue;
      module.regex = CompiledRegex(of->text.text);
      if (const YamlNode* tensors = item.Find("tensors")) {
        for (const SpannedText& tensor : TextsOf(*tensors, "a tensor", diagnostics_))
          module.tensors.push_back(tensor.text);
      }
      if (const YamlNode* parameter = item.Find("parameter"))
        module.parameter = YesNoOf(*parameter, "`parameter`", diagnostics_).value_or(false);
      for (const YamlMember& key : keys->members) Key(key, &module);
      modules.push_back(std::move(module));
    }
    return modules;
  }

  void Key(const YamlMember& member, AdapterModule* module) {
    AdapterKey key;
    key.key = member.key;
    const YamlNode* is = &member.value;
    if (member.value.IsMap()) {
      RefuseUnknownFields(member.value, "a factor", {"is", "holds", "part", "replicate"},
                          diagnostics_);
      is = member.value.Find("is");
      if (const YamlNode* holds = member.value.Find("holds");
          holds != nullptr && ExpectText(*holds, "`holds`", diagnostics_)) {
        const std::string& text = holds->text.text;
        key.holds = text == "magnitude" ? Factor::kMagnitude
                    : text == "bias"    ? Factor::kBias
                    : text == "saved"   ? Factor::kSaved
                                        : Factor::kNone;
        if (key.holds == Factor::kNone)
          Bad(holds->place,
              "`holds` is `magnitude` (DoRA), `bias` (of B) or `saved` (the weight itself)");
      }
      if (const YamlNode* part = member.value.Find("part");
          part != nullptr && ExpectText(*part, "`part`, a tensor,", diagnostics_))
        key.part = part->text.text;
      if (const YamlNode* replicate = member.value.Find("replicate")) {
        for (const SpannedText& axis :
             TextsOf(*replicate, "an axis to replicate over", diagnostics_))
          key.replicate.push_back(NameFrom(axis));
      }
    }
    if (key.holds != Factor::kSaved) {
      if (is == nullptr) {
        diagnostics_->Add(Code::kMissingField, member.value.place,
                          "a factor needs `is`: its dimensions");
        return;
      }
      if (!ExpectText(*is, "a factor's dimensions", diagnostics_)) return;
      std::optional<AxisExpr> expr = ParseAxisExpr(is->text, diagnostics_);
      if (!expr) return;
      key.expr = std::move(*expr);
    }
    module->keys.push_back(std::move(key));
  }

  void Formulas(const YamlNode* node, std::vector<Formula>* formulas) {
    if (node == nullptr) return;
    for (const YamlNode& item : ItemsOf(*node)) {
      if (auto formula = FormulaOf(item, "a mark", diagnostics_))
        formulas->push_back(std::move(*formula));
    }
  }

  void Bad(const Place& place, std::string message) {
    diagnostics_->Add(Code::kBadAdapterStyle, place, std::move(message));
  }

  Diagnostics* diagnostics_;
  std::vector<AdapterStyle> styles_;
};

}  // namespace

std::vector<AdapterStyle> ParseAdapterStyles(const YamlNode& root, Diagnostics* diagnostics) {
  return StyleParser(diagnostics).Parse(root);
}

}  // namespace rr
