#include "syntax/entry_parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/suggest.h"
#include "base/text.h"
#include "syntax/fields.h"
#include "syntax/ops.h"

namespace rr {
namespace {

const std::vector<std::string> kEntryFields = {
    "is",       "shape", "ops",  "of",    "match", "write",     "cast", "add",
    "multiply", "in",    "back", "times", "pad",   "replicate", "tied", "drop"};
const std::vector<std::string> kTableWords = {"one of", "partial", "default"};

// a + between + b; the places of `between` are the end of `a`.
SpannedText Joined(SpannedText a, std::string_view between, const SpannedText& b) {
  if (!a.offsets.empty()) {
    std::vector<uint32_t> offsets = a.offsets.ToVector();
    offsets.insert(offsets.end() - 1, between.size(), offsets.back());
    offsets.pop_back();
    const std::vector<uint32_t> more = b.offsets.ToVector();
    offsets.insert(offsets.end(), more.begin(), more.end());
    a.offsets = std::move(offsets);
  }
  a.text += between;
  a.text += b.text;
  return a;
}

class EntryParser {
 public:
  EntryParser(const std::vector<std::string>& tensors, Diagnostics* diagnostics)
      : tensors_(tensors), diagnostics_(diagnostics) {}

  std::optional<EntryRule> Parse(const SpannedText& key, const YamlNode& node) {
    EntryRule entry;
    entry.place = key.place();
    if (node.IsText()) {
      if (!ReadKey(key, &entry)) return std::nullopt;
      if (!ReadExpression(node.text, nullptr, &entry)) return std::nullopt;
      return entry;
    }
    if (!node.IsMap()) {
      diagnostics_->Add(
          Code::kWrongYamlType, node.place,
          fmt::format("what a key holds is text or a map, this is {}", NameOf(node.kind)));
      return std::nullopt;
    }
    RefuseUnknownFields(node, "a key", kEntryFields, diagnostics_);
    entry.words_place = node.place;
    const YamlNode* write = node.Find("write");
    if (write != nullptr && !ExpectText(*write, "`write`", diagnostics_)) return std::nullopt;
    if (!ReadKey(write != nullptr ? write->text : key, &entry)) return std::nullopt;
    if (const YamlNode* match = node.Find("match");
        match != nullptr && ExpectText(*match, "`match`", diagnostics_)) {
      entry.match = match->text;
      if (write == nullptr) {
        diagnostics_->Add(Code::kMissingField, match->place,
                          "`match` says what is read; `write` must say what is written");
      }
    }
    if (!ReadWords(node, &entry)) return std::nullopt;
    if (entry.drop) return entry;
    return ReadContent(node, &entry) ? std::optional(std::move(entry)) : std::nullopt;
  }

 private:
  bool ReadKey(const SpannedText& text, EntryRule* entry) {
    std::optional<KeyTemplate> key = ParseKeyTemplate(text, diagnostics_);
    if (key) entry->key = std::move(*key);
    return key.has_value();
  }

  // `node` is the entry's map in the long writing, for `of`.
  bool ReadExpression(const SpannedText& text, const YamlNode* node, EntryRule* entry) {
    std::optional<AxisExpr> expr = ParseAxisExpr(text, diagnostics_);
    if (!expr) return false;
    entry->expr_text = text;
    entry->expr = std::move(*expr);
    GiveTensor(node, text.place(), entry);
    return true;
  }

  // An expression without tensor names is the tensor named by `of`, or the block's only one.
  void GiveTensor(const YamlNode* node, const Place& place, EntryRule* entry) {
    std::string tensor;
    const YamlNode* of = node == nullptr ? nullptr : node->Find("of");
    if (of != nullptr && ExpectText(*of, "`of`", diagnostics_)) tensor = of->text.text;
    if (tensor.empty() && tensors_.size() == 1 && TensorsIn(entry->expr).empty())
      tensor = tensors_[0];
    if (tensor.empty()) return;
    AxisNode label;
    label.kind = AxisNode::Kind::kTensor;
    label.name = tensor;
    label.place = of != nullptr ? of->place : place;
    label.children = std::move(entry->expr);
    entry->expr = {std::move(label)};
  }

  bool ReadContent(const YamlNode& node, EntryRule* entry) {
    const YamlNode* is = node.Find("is");
    const YamlNode* shape = node.Find("shape");
    const YamlNode* ops = node.Find("ops");
    if (shape != nullptr) {
      entry->has_shape = true;
      for (const YamlNode& item : ItemsOf(*shape)) {
        if (item.IsMap() && item.members.size() == 1 && item.members[0].value.IsText()) {
          // {Name: formula}, as a flow map in the list.
          entry->shape.push_back(Joined(item.members[0].key, ": ", item.members[0].value.text));
        } else if (ExpectText(item, "a size in `shape`", diagnostics_)) {
          entry->shape.push_back(item.text);
        }
      }
    }
    if (is != nullptr && ops != nullptr) {
      diagnostics_->Add(Code::kBadOps, ops->place,
                        "a key is described by `is` or by `ops`, not by both");
      return false;
    }
    if (is != nullptr)
      return ExpectText(*is, "`is`", diagnostics_) && ReadExpression(is->text, &node, entry);
    if (ops == nullptr && shape == nullptr) {
      diagnostics_->Add(Code::kMissingField, node.place,
                        "a key needs `is` (an axis expression) or `shape` and `ops`");
      return false;
    }
    if (shape == nullptr) {
      diagnostics_->Add(Code::kMissingField, node.place, "`ops` needs the stored `shape`");
      return false;
    }
    entry->long_form = true;
    if (ops != nullptr && !ReadOps(*ops, entry)) return false;
    std::optional<LoweredOps> lowered = LowerOps(
        entry->shape, entry->ops, ops != nullptr ? ops->place : shape->place, diagnostics_);
    if (!lowered) return false;
    entry->expr = std::move(lowered->expr);
    entry->ops_results = std::move(lowered->results);
    GiveTensor(&node, shape->place, entry);
    return true;
  }

  bool ReadOps(const YamlNode& ops, EntryRule* entry) {
    if (!ops.IsList()) {
      diagnostics_->Add(Code::kWrongYamlType, ops.place, "`ops` is a list of ops");
      return false;
    }
    bool good = true;
    for (const YamlNode& item : ops.items) {
      std::optional<OpRule> op = ReadOp(item);
      if (op) entry->ops.push_back(std::move(*op));
      good = good && op.has_value();
    }
    return good;
  }

  std::optional<OpRule> ReadOp(const YamlNode& item) {
    static const std::vector<std::string> kOps = {"reshape", "permute", "split", "concat", "stack"};
    OpRule op;
    op.place = item.place;
    const YamlMember* head = nullptr;
    if (item.IsMap()) {
      for (const YamlMember& member : item.members) {
        if (std::find(kOps.begin(), kOps.end(), member.key.text) != kOps.end()) {
          if (head != nullptr) {
            diagnostics_->Add(Code::kBadOps, member.key.place(),
                              fmt::format("`{}` and `{}` are two items of the list", head->key.text,
                                          member.key.text));
            return std::nullopt;
          }
          head = &member;
        } else if (member.key.text == "of") {
          if (!ExpectText(member.value, "`of`, a tensor,", diagnostics_)) return std::nullopt;
          op.of = member.value.text.text;
        } else {
          Diagnostic& d = diagnostics_->Add(Code::kUnknownField, member.key.place(),
                                            fmt::format("there is no op `{}`", member.key.text));
          Suggest(&d, member.key.text, kOps);
          if (d.help.empty()) d.help = fmt::format("ops: {}", JoinWords(kOps));
          return std::nullopt;
        }
      }
    }
    if (head == nullptr) {
      diagnostics_->Add(item.IsMap() ? Code::kMissingField : Code::kWrongYamlType, item.place,
                        fmt::format("an op is a map with one of {}", JoinWords(kOps)));
      return std::nullopt;
    }
    const std::string& name = head->key.text;
    if (name == "reshape" || name == "permute") {
      op.kind = name == "reshape" ? OpRule::Kind::kReshape : OpRule::Kind::kPermute;
      op.dims = TextsOf(head->value, "a dimension", diagnostics_);
      return op;
    }
    if (!ExpectMap(head->value, fmt::format("`{}`", name), diagnostics_)) return std::nullopt;
    const std::string second = name == "split" ? "into" : "axis";
    if (!RefuseUnknownFields(head->value, fmt::format("`{}`", name), {"dim", second}, diagnostics_))
      return std::nullopt;
    for (const std::string& field : {std::string("dim"), second}) {
      if (head->value.Find(field) != nullptr) continue;
      diagnostics_->Add(Code::kMissingField, head->value.place,
                        fmt::format("`{}` needs `{}`", name, field));
      return std::nullopt;
    }
    const std::optional<int64_t> n = IntegerOf(*head->value.Find("dim"), "`dim`", diagnostics_);
    if (!n) return std::nullopt;
    op.dim = *n;
    if (name == "split") {
      op.kind = OpRule::Kind::kSplit;
      const YamlNode* into = head->value.Find("into");
      if (!ExpectMap(*into, "`into` (tensor: size)", diagnostics_)) return std::nullopt;
      if (into->members.size() < 2) {
        diagnostics_->Add(Code::kBadOps, into->place, "a split has two or more parts");
        return std::nullopt;
      }
      for (const YamlMember& part : into->members) {
        if (ExpectText(part.value, "a size", diagnostics_))
          op.into.push_back({part.key, part.value.text});
      }
      return op;
    }
    op.kind = name == "stack" ? OpRule::Kind::kStack : OpRule::Kind::kConcat;
    const YamlNode* axis = head->value.Find("axis");
    if (!ExpectText(*axis, "`axis`", diagnostics_)) return std::nullopt;
    if (!IsAxisName(axis->text.text)) {
      diagnostics_->Add(Code::kBadOps, axis->place,
                        fmt::format("`{}` is no axis: axes are Capitalised", axis->text.text));
      return std::nullopt;
    }
    op.axis = axis->text;
    return op;
  }

  bool ReadWords(const YamlNode& node, EntryRule* entry) {
    bool good = true;
    auto bad = [&](const Place& place, std::string message) {
      diagnostics_->Add(Code::kBadValueWord, place, std::move(message));
      good = false;
    };
    // The text of a field; nullptr when it is absent or no text, which is reported.
    auto text_of = [&](const YamlNode& map, const char* field) -> const SpannedText* {
      const YamlNode* value = map.Find(field);
      if (value == nullptr) return nullptr;
      if (ExpectText(*value, fmt::format("`{}`", field), diagnostics_)) return &value->text;
      good = false;
      return nullptr;
    };
    if (const SpannedText* cast = text_of(node, "cast")) {
      entry->cast = ParseDtype(cast->text);
      if (!entry->cast || !IsFloat(*entry->cast))
        bad(cast->place(), "`cast` is one of F64, F32, F16 and BF16");
    }
    for (auto [field, target] :
         {std::pair{"add", &entry->add}, {"multiply", &entry->multiply}, {"back", &entry->back}}) {
      if (const YamlNode* value = node.Find(field)) {
        *target = FormulaOf(*value, fmt::format("`{}`", field), diagnostics_);
        good = good && target->has_value();
      }
    }
    if (entry->back && !entry->multiply)
      bad(node.Find("back")->place,
          "`back` is the exact other direction of `multiply`, which is absent");
    if (const SpannedText* in = text_of(node, "in")) {
      if (in->text == "bf16") {
        entry->in = Dtype::kBF16;
      } else if (in->text != "f32") {
        bad(in->place(), "`in` says where the factor is rounded: f32 or bf16");
      }
      if (!entry->add && !entry->multiply && good)
        bad(in->place(), "`in` belongs to `add` or `multiply`");
    }
    if (const SpannedText* times = text_of(node, "times")) entry->times = NameFrom(*times);
    if (const YamlNode* pad = node.Find("pad");
        pad != nullptr && ExpectMap(*pad, "`pad`", diagnostics_)) {
      RefuseUnknownFields(*pad, "`pad`", {"to", "dim", "check"}, diagnostics_);
      PadWord word;
      word.place = pad->place;
      if (pad->Find("to") == nullptr) {
        diagnostics_->Add(Code::kMissingField, pad->place, "`pad` needs `to`: the stored size");
        good = false;
      } else if (const SpannedText* to = text_of(*pad, "to")) {
        word.to = *to;
        good = Formula::Parse(*to, diagnostics_).has_value() && good;
      }
      if (const YamlNode* dim = pad->Find("dim"))
        word.dim = IntegerOf(*dim, "`dim`", diagnostics_).value_or(0);
      if (const SpannedText* check = text_of(*pad, "check")) {
        word.check_zero = check->text == "zero";
        if (!word.check_zero && check->text != "ignore")
          bad(check->place(), "`check` is ignore or zero");
      }
      entry->pad = std::move(word);
    }
    if (const YamlNode* replicate = node.Find("replicate")) {
      for (const SpannedText& axis :
           TextsOf(*replicate, "an axis to replicate over", diagnostics_)) {
        if (!IsAxisName(axis.text)) bad(axis.place(), fmt::format("`{}` is no axis", axis.text));
        entry->replicate.push_back(NameFrom(axis));
      }
    }
    if (const YamlNode* tied = node.Find("tied")) {
      entry->written = tied->IsText() && tied->text.text == "written";
      entry->tied =
          entry->written || YesNoOf(*tied, "`tied` (or `written`)", diagnostics_).value_or(false);
    }
    if (entry->times && entry->tied)
      bad(entry->times->place, "a tied copy is what the other key stores: `times` belongs there");
    if (const YamlNode* drop = node.Find("drop")) {
      good = ExpectText(*drop, "`drop`, the reason,", diagnostics_) && good;
      if (good) entry->drop = drop->text.text;
      if (entry->drop && entry->drop->empty())
        bad(drop->place, "`drop` needs the reason why nothing is lost");
    }
    return good;
  }

  const std::vector<std::string>& tensors_;
  Diagnostics* diagnostics_;
};

}  // namespace

TableRule ParseTable(const SpannedText& layout, const YamlNode& node,
                     const std::vector<std::string>& tensors, Diagnostics* diagnostics) {
  TableRule table;
  table.layout = NameFrom(layout);
  table.place = node.place;
  const size_t errors = diagnostics->ErrorCount();
  if (!ExpectMap(node, "a layout's table", diagnostics)) {
    table.broken = true;
    return table;
  }
  EntryParser parser(tensors, diagnostics);
  TableRule::Variant common;
  for (const YamlMember& member : node.members) {
    const std::string& key = member.key.text;
    if (key == "partial") {
      if (ExpectText(member.value, "`partial`, the reason,", diagnostics))
        table.partial = member.value.text.text;
    } else if (key == "default") {
      if (!ExpectMap(member.value, "`default`", diagnostics)) continue;
      for (const YamlMember& tensor : member.value.members) {
        std::optional<Formula> value = FormulaOf(tensor.value, "a default", diagnostics);
        if (value) table.defaults.push_back({NameFrom(tensor.key), std::move(*value)});
      }
    } else if (key == "one of") {
      if (!ExpectMap(member.value, "`one of`", diagnostics)) continue;
      for (const YamlMember& variant : member.value.members) {
        TableRule::Variant made{NameFrom(variant.key), {}};
        if (!ExpectMap(variant.value, "a variant", diagnostics)) continue;
        for (const YamlMember& entry : variant.value.members) {
          if (auto parsed = parser.Parse(entry.key, entry.value))
            made.entries.push_back(std::move(*parsed));
        }
        table.variants.push_back(std::move(made));
      }
    } else {
      if (auto parsed = parser.Parse(member.key, member.value))
        common.entries.push_back(std::move(*parsed));
    }
  }
  table.broken = diagnostics->ErrorCount() > errors;
  if (table.variants.empty()) {
    table.variants.push_back(std::move(common));
  } else {
    for (TableRule::Variant& variant : table.variants) {
      variant.entries.insert(variant.entries.begin(), common.entries.begin(), common.entries.end());
    }
  }
  return table;
}

}  // namespace rr
