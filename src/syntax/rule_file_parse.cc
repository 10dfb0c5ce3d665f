#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "syntax/entry_parse.h"
#include "syntax/fields.h"
#include "syntax/regex.h"
#include "syntax/rule_file.h"
#include "syntax/target_parse.h"
#include "syntax/test_parse.h"

namespace rr {
namespace {

const std::vector<std::string> kFileFields = {"rule-runner", "family", "about",   "describes",
                                              "extends",     "axes",   "kinds",   "targets",
                                              "layouts",     "blocks", "require", "tests"};
const std::vector<std::string> kLayoutFields = {"like", "prefixes", "place",   "refine", "ignore",
                                                "pass", "partial",  "require", "about"};
const std::vector<std::string> kBlockFields = {"where",   "optional", "tensors",
                                               "layouts", "replace",  "like"};

class FileParser {
 public:
  explicit FileParser(Diagnostics* diagnostics) : diagnostics_(diagnostics) {}

  std::optional<RuleFile> Parse(const YamlNode& root) {
    if (!Header(root)) return std::nullopt;
    RefuseUnknownFields(root, "a rule file", kFileFields, diagnostics_);
    EachMember(root, "axes", [&](const YamlMember& m) { Axis(m); });
    EachMember(root, "kinds", [&](const YamlMember& m) { Kind(m); });
    EachMember(root, "targets",
               [&](const YamlMember& m) { file_.targets.push_back(ParseTarget(m, diagnostics_)); });
    EachMember(root, "layouts", [&](const YamlMember& m) { Layout(m); });
    EachMember(root, "blocks", [&](const YamlMember& m) { Block(m); });
    if (const YamlNode* require = root.Find("require")) {
      for (const YamlNode& item : ItemsOf(*require)) {
        if (auto formula = FormulaOf(item, "a requirement", diagnostics_))
          file_.require.push_back(std::move(*formula));
      }
    }
    if (const YamlNode* tests = root.Find("tests")) {
      for (const YamlNode& item : ItemsOf(*tests)) {
        if (auto test = ParseTest(item, diagnostics_)) file_.tests.push_back(std::move(*test));
      }
    }
    return std::move(file_);
  }

 private:
  template <typename Each>
  void EachMember(const YamlNode& root, const char* field, const Each& each) {
    const YamlNode* node = root.Find(field);
    if (node == nullptr || !ExpectMap(*node, fmt::format("`{}`", field), diagnostics_)) return;
    for (const YamlMember& member : node->members) each(member);
  }

  bool Header(const YamlNode& root) {
    const YamlNode* version = root.Find("rule-runner");
    if (version == nullptr) {
      diagnostics_->Add(Code::kBadVersion, root.place, "a rule file begins with `rule-runner: 1`");
    } else if (!version->IsText() || version->text.text != "1") {
      diagnostics_->Add(Code::kBadVersion, version->place,
                        "this build reads version 1 of the language: `rule-runner: 1`");
      return false;  // of another version's text no finding would mean anything
    }
    if (const YamlNode* family = root.Find("family"); family == nullptr) {
      diagnostics_->Add(Code::kMissingField, root.place,
                        "`family`, the name of the family, is missing");
    } else if (ExpectText(*family, "`family`", diagnostics_)) {
      file_.family = NameFrom(family->text);
    }
    if (const YamlNode* about = root.Find("about");
        about != nullptr && ExpectText(*about, "`about`", diagnostics_)) {
      file_.about = about->text.text;
    }
    if (const YamlNode* describes = root.Find("describes");
        describes != nullptr && ExpectMap(*describes, "`describes`", diagnostics_)) {
      RefuseUnknownFields(*describes, "`describes`", {"model_type", "architectures"}, diagnostics_);
      if (const YamlNode* types = describes->Find("model_type"))
        file_.model_types = TextsOf(*types, "a model_type", diagnostics_);
      if (const YamlNode* names = describes->Find("architectures")) {
        file_.architectures = TextsOf(*names, "an architecture", diagnostics_);
      }
    }
    return true;
  }

  void Axis(const YamlMember& member) {
    AxisRule axis;
    axis.name = NameFrom(member.key);
    if (!IsAxisName(axis.name.text)) {
      diagnostics_->Add(Code::kBadExpression, axis.name.place,
                        fmt::format("`{}` is no axis name: axes are Capitalised", axis.name.text));
      return;
    }
    const YamlNode& value = member.value;
    // An axis that cannot be read still has its name, so that its uses are not reported as well.
    if (value.IsText() && value.text.text == "free") {
      axis.kind = AxisRule::Kind::kFree;
    } else if (value.IsText()) {
      axis.formula = Formula::Parse(value.text, diagnostics_);
    } else if (value.IsList()) {
      axis.kind = AxisRule::Kind::kWords;
      for (const SpannedText& word : TextsOf(value, "a word of an axis", diagnostics_)) {
        if (!IsCaptureWord(word.text)) {
          diagnostics_->Add(Code::kBadKeyTemplate, word.place(),
                            fmt::format("`{}` cannot stand in a key: the words of an axis are "
                                        "letters, digits, `_`, `.` and `-`",
                                        word.text));
        } else if (std::find(axis.words.begin(), axis.words.end(), word.text) != axis.words.end()) {
          diagnostics_->Add(Code::kBadKeyTemplate, word.place(),
                            fmt::format("`{}` is a word of {} twice", word.text, axis.name.text));
        }
        axis.words.push_back(word.text);
      }
    } else if (value.IsMap()) {
      if (const YamlNode* free = value.Find("free")) {
        RefuseUnknownFields(value, "a free axis", {"free"}, diagnostics_);
        axis.kind = AxisRule::Kind::kFree;
        axis.formula = FormulaOf(*free, "the value when nothing was found", diagnostics_);
      } else if (const YamlNode* is = value.Find("is")) {
        RefuseUnknownFields(value, "an axis", {"is", "default"}, diagnostics_);
        axis.formula = FormulaOf(*is, "a size", diagnostics_);
        if (const YamlNode* fallback = value.Find("default"))
          axis.fallback = FormulaOf(*fallback, "the size where a config says none", diagnostics_);
      } else {
        axis.kind = AxisRule::Kind::kByKind;
        for (const YamlMember& kind : value.members) {
          if (auto formula = FormulaOf(kind.value, "a size", diagnostics_)) {
            axis.by_kind.push_back({NameFrom(kind.key), std::move(*formula)});
          }
        }
      }
    } else {
      diagnostics_->Add(
          Code::kWrongYamlType, value.place,
          fmt::format("an axis is text, a list or a map, this is {}", NameOf(value.kind)));
    }
    file_.axes.push_back(std::move(axis));
  }

  void Kind(const YamlMember& member) {
    KindRule kind;
    kind.name = NameFrom(member.key);
    if (!ExpectMap(member.value, "a partition into kinds", diagnostics_)) return;
    for (const YamlMember& one : member.value.members) {
      if (one.value.IsText() && one.value.text.text == "else") {
        kind.cases.push_back({NameFrom(one.key), std::nullopt});
      } else {
        kind.cases.push_back(
            {NameFrom(one.key), FormulaOf(one.value, "a kind", diagnostics_).value_or(Formula())});
      }
    }
    file_.kinds.push_back(std::move(kind));
  }

  std::optional<AxisExpr> ExprOf(const YamlNode& node, std::string_view what) {
    if (!ExpectText(node, what, diagnostics_)) return std::nullopt;
    return ParseAxisExpr(node.text, diagnostics_);
  }

  void Layout(const YamlMember& member) {
    LayoutRule layout;
    layout.name = NameFrom(member.key);
    const size_t errors = diagnostics_->ErrorCount();
    if (ExpectMap(member.value, "a layout", diagnostics_)) LayoutFields(member.value, &layout);
    layout.broken = diagnostics_->ErrorCount() > errors;
    file_.layouts.push_back(std::move(layout));
  }

  void LayoutFields(const YamlNode& node, LayoutRule* layout) {
    RefuseUnknownFields(node, "a layout", kLayoutFields, diagnostics_);
    if (const YamlNode* like = node.Find("like");
        like != nullptr && ExpectText(*like, "`like`", diagnostics_)) {
      layout->like = NameFrom(like->text);
    }
    if (const YamlNode* prefixes = node.Find("prefixes");
        prefixes != nullptr && ExpectMap(*prefixes, "`prefixes`", diagnostics_)) {
      for (const YamlMember& prefix : prefixes->members) Prefix(prefix, layout);
    }
    if (const YamlNode* place = node.Find("place");
        place != nullptr && ExpectMap(*place, "`place`", diagnostics_)) {
      for (const YamlMember& axis : place->members) PlaceOfAxis(axis, layout);
    }
    if (const YamlNode* refine = node.Find("refine");
        refine != nullptr && ExpectMap(*refine, "`refine`", diagnostics_)) {
      for (const YamlMember& axis : refine->members) {
        if (auto expr = ExprOf(axis.value, "a refinement"))
          layout->refine.push_back({NameFrom(axis.key), std::move(*expr)});
      }
    }
    if (const YamlNode* ignore = node.Find("ignore");
        ignore != nullptr && ExpectMap(*ignore, "`ignore` (regex: reason)", diagnostics_)) {
      for (const YamlMember& regex : ignore->members) {
        if (ExpectText(regex.value, "the reason why a key may be ignored", diagnostics_)) {
          layout->ignore.push_back({regex.key, regex.value.text.text});
        }
      }
    }
    if (const YamlNode* pass = node.Find("pass")) {
      for (const YamlNode& item : ItemsOf(*pass)) Pass(item, layout);
    }
    if (const YamlNode* partial = node.Find("partial");
        partial != nullptr && ExpectText(*partial, "`partial`, the reason,", diagnostics_)) {
      layout->partial = partial->text.text;
    }
    if (const YamlNode* require = node.Find("require")) {
      for (const YamlNode& item : ItemsOf(*require)) {
        if (auto formula = FormulaOf(item, "a requirement", diagnostics_))
          layout->require.push_back(std::move(*formula));
      }
    }
    if (const YamlNode* about = node.Find("about");
        about != nullptr && ExpectText(*about, "`about`", diagnostics_)) {
      layout->about = about->text.text;
    }
  }

  void Prefix(const YamlMember& prefix, LayoutRule* layout) {
    if (!IsTensorName(prefix.key.text)) {
      diagnostics_->Add(
          Code::kBadKeyTemplate, prefix.key.place(),
          fmt::format("`{}` is no name of a named string: they are lower case", prefix.key.text));
      return;
    }
    layout->prefixes.push_back(
        {NameFrom(prefix.key), TextsOf(prefix.value, "a variant of a named string", diagnostics_)});
  }

  // A regex, or trees by name: {tree: "how its keys begin"}.
  void Pass(const YamlNode& item, LayoutRule* layout) {
    if (!item.IsMap()) {
      if (ExpectText(item, "a regex of `pass`", diagnostics_)) layout->pass.push_back(item.text);
      return;
    }
    for (const YamlMember& tree : item.members) {
      if (!ExpectText(tree.value, "how the keys of a tree begin", diagnostics_)) continue;
      const std::string& text = tree.value.text.text;
      if (text.find("{}") != text.rfind("{}"))
        diagnostics_->Add(Code::kBadKeyRegex, tree.value.place,
                          "the keys of a tree have one number at most");
      layout->pass.push_back(RegexOfTree(tree.key.text, tree.value.text));
    }
  }

  // place: {L: "text"} or {L: {"text": dims, ...}}
  void PlaceOfAxis(const YamlMember& member, LayoutRule* layout) {
    PlaceRule rule;
    rule.axis = NameFrom(member.key);
    auto add = [&](const SpannedText& key_text, AxisExpr dims) {
      std::optional<KeyTemplate> key = ParseKeyTemplate(key_text, diagnostics_);
      if (key) rule.cases.push_back({std::move(*key), std::move(dims), key_text.place()});
    };
    if (member.value.IsText()) {
      add(member.value.text, {});
    } else if (!member.value.IsMap()) {
      diagnostics_->Add(
          Code::kWrongYamlType, member.value.place,
          fmt::format("a place is text or a map, this is {}", NameOf(member.value.kind)));
    } else {
      for (const YamlMember& one : member.value.members) {
        if (auto dims = ExprOf(one.value, "the dims of a place")) add(one.key, std::move(*dims));
      }
    }
    layout->place.push_back(std::move(rule));
  }

  void Block(const YamlMember& member) {
    BlockRule block;
    block.name = NameFrom(member.key);
    const YamlNode& node = member.value;
    if (!ExpectMap(node, "a block", diagnostics_)) return;
    const size_t errors = diagnostics_->ErrorCount();
    RefuseUnknownFields(node, "a block", kBlockFields, diagnostics_);
    if (const YamlNode* where = node.Find("where"))
      block.where = FormulaOf(*where, "`where`", diagnostics_);
    if (const YamlNode* optional = node.Find("optional"))
      block.optional = YesNoOf(*optional, "`optional`", diagnostics_).value_or(false);
    const YamlNode* tensors = node.Find("tensors");
    if (tensors == nullptr) {
      diagnostics_->Add(Code::kMissingField, member.key.place(),
                        fmt::format("block `{}` has no `tensors`", block.name.text));
    } else if (ExpectMap(*tensors, "`tensors`", diagnostics_)) {
      for (const YamlMember& tensor : tensors->members) Tensor(tensor, &block);
    }
    block.broken = diagnostics_->ErrorCount() > errors;
    std::vector<std::string> names;
    for (const TensorRule& tensor : block.tensors) names.push_back(tensor.name.text);
    if (const YamlNode* layouts = node.Find("layouts");
        layouts != nullptr && ExpectMap(*layouts, "`layouts`", diagnostics_)) {
      for (const YamlMember& layout : layouts->members) {
        block.tables.push_back(ParseTable(layout.key, layout.value, names, diagnostics_));
      }
    }
    file_.blocks.push_back(std::move(block));
  }

  TensorRule::Bias BiasOf(const YamlNode& node) {
    if (node.IsText() && node.text.text == "optional") return TensorRule::Bias::kOptional;
    const bool yes = YesNoOf(node, "`bias` (or `optional`)", diagnostics_).value_or(false);
    return yes ? TensorRule::Bias::kYes : TensorRule::Bias::kNone;
  }

  std::optional<Dtype> DtypeOf(const YamlNode& node) {
    if (!ExpectText(node, "`dtype`", diagnostics_)) return std::nullopt;
    const std::optional<Dtype> dtype = ParseDtype(node.text.text);
    if (dtype && IsFloat(*dtype)) return dtype;
    diagnostics_->Add(Code::kBadTensorDeclaration, node.place,
                      "the `dtype` of a tensor is one of F64, F32, F16 and BF16");
    return std::nullopt;
  }

  // "L E : I <- H", or {is: "L E : I <- H", bias: yes, dtype: F32}
  void Tensor(const YamlMember& member, BlockRule* block) {
    TensorRule tensor;
    tensor.name = NameFrom(member.key);
    if (!IsTensorName(tensor.name.text)) {
      diagnostics_->Add(
          Code::kBadTensorDeclaration, tensor.name.place,
          fmt::format("`{}` is no tensor name: tensors are lower case", tensor.name.text));
      return;
    }
    const YamlNode* text = &member.value;
    if (member.value.IsMap()) {
      RefuseUnknownFields(member.value, "a tensor", {"is", "bias", "dtype"}, diagnostics_);
      text = member.value.Find("is");
      if (const YamlNode* bias = member.value.Find("bias")) tensor.bias = BiasOf(*bias);
      if (const YamlNode* dtype = member.value.Find("dtype")) tensor.dtype = DtypeOf(*dtype);
      if (text == nullptr) {
        diagnostics_->Add(Code::kMissingField, member.value.place, "a tensor needs `is`: its axes");
        return;
      }
    }
    if (!text->IsText()) {
      diagnostics_->Add(Code::kWrongYamlType, text->place,
                        fmt::format("a tensor is text or a map, this is {}", NameOf(text->kind)));
      return;
    }
    tensor.place = member.key.place();
    if (ParseTensorAxes(text->text, &tensor, diagnostics_))
      block->tensors.push_back(std::move(tensor));
  }

  Diagnostics* diagnostics_;
  RuleFile file_;
};

}  // namespace

bool ParseTensorAxes(const SpannedText& text, TensorRule* tensor, Diagnostics* diagnostics) {
  const std::string& s = text.text;
  const size_t arrow = s.find("<-");
  const size_t colon = s.find(':');
  auto fail = [&](size_t begin, size_t end, std::string message) {
    diagnostics->Add(Code::kBadTensorDeclaration, text.PlaceOf(begin, end), std::move(message));
    return false;
  };
  if (colon != std::string::npos && arrow == std::string::npos) {
    return fail(colon, colon + 1,
                "`:` separates batch axes from `output <- input`, and there is no `<-`");
  }
  tensor->linear = arrow != std::string::npos;
  auto read = [&](size_t begin, size_t end, std::vector<Name>* names) {
    while (true) {
      begin = s.find_first_not_of(' ', begin);
      if (begin == std::string::npos || begin >= end) return true;
      const size_t word_end = std::min(s.find(' ', begin), end);
      Name name{s.substr(begin, word_end - begin), text.PlaceOf(begin, word_end)};
      if (!IsAxisName(name.text))
        return fail(begin, word_end,
                    fmt::format("`{}` is no axis: axes are Capitalised", name.text));
      for (const Name& other : tensor->Axes()) {
        if (other.text != name.text) continue;
        diagnostics
            ->Add(Code::kBadTensorDeclaration, name.place,
                  fmt::format("axis `{}` is named twice", name.text))
            .help = fmt::format(
            "give one side of a square its own name, `{}'`, with the same formula", name.text);
        return false;
      }
      names->push_back(std::move(name));
      begin = word_end;
    }
  };
  if (!tensor->linear) return read(0, s.size(), &tensor->out);
  const size_t out_begin = colon != std::string::npos && colon < arrow ? colon + 1 : 0;
  if (out_begin > 0 && !read(0, colon, &tensor->batch)) return false;
  return read(out_begin, arrow, &tensor->out) && read(arrow + 2, s.size(), &tensor->in);
}

std::vector<Name> TensorRule::Axes() const {
  std::vector<Name> axes = batch;
  axes.insert(axes.end(), out.begin(), out.end());
  axes.insert(axes.end(), in.begin(), in.end());
  return axes;
}

namespace {
template <typename Rule>
const Rule* FindByName(const std::vector<Rule>& rules, std::string_view name) {
  for (const Rule& rule : rules) {
    if (rule.name.text == name) return &rule;
  }
  return nullptr;
}
}  // namespace

const AxisRule* RuleFile::FindAxis(std::string_view name) const { return FindByName(axes, name); }
const LayoutRule* RuleFile::FindLayout(std::string_view name) const {
  return FindByName(layouts, name);
}

std::optional<RuleFile> ParseRuleFile(const YamlNode& merged, Diagnostics* diagnostics) {
  if (!ExpectMap(merged, "a rule file", diagnostics)) return std::nullopt;
  return FileParser(diagnostics).Parse(merged);
}

}  // namespace rr
