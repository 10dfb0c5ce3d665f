#include "syntax/entry_parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/suggest.h"
#include "base/text.h"
#include "syntax/fields.h"
#include "syntax/ops.h"
#include "syntax/value_words_parse.h"

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
    if (!ReadValueWords(node, &entry, diagnostics_)) return std::nullopt;
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
    OpRule op;
    op.place = item.place;
    const YamlMember* head = HeadOf(item, &op);
    if (head == nullptr) return std::nullopt;
    const std::string& name = head->key.text;
    if (name == "reshape" || name == "permute") {
      op.kind = name == "reshape" ? OpRule::Kind::kReshape : OpRule::Kind::kPermute;
      op.dims = TextsOf(head->value, "a dimension", diagnostics_);
      return op;
    }
    op.kind = name == "split"   ? OpRule::Kind::kSplit
              : name == "stack" ? OpRule::Kind::kStack
                                : OpRule::Kind::kConcat;
    const std::string second = name == "split" ? "into" : "axis";
    if (!ExpectDimAnd(second, name, head->value)) return std::nullopt;
    const std::optional<int64_t> dim = IntegerOf(*head->value.Find("dim"), "`dim`", diagnostics_);
    if (!dim) return std::nullopt;
    op.dim = *dim;
    const YamlNode& what = *head->value.Find(second);
    const bool good = name == "split" ? ReadParts(what, &op) : ReadOpAxis(what, &op);
    return good ? std::optional(std::move(op)) : std::nullopt;
  }

  // The member of an op that names it; `of` goes into the op. nullptr after an error.
  const YamlMember* HeadOf(const YamlNode& item, OpRule* op) {
    static const std::vector<std::string> kOps = {"reshape", "permute", "split", "concat", "stack"};
    const YamlMember* head = nullptr;
    for (const YamlMember& member : item.members) {
      const std::string& name = member.key.text;
      if (std::find(kOps.begin(), kOps.end(), name) != kOps.end()) {
        if (head != nullptr) {
          diagnostics_->Add(
              Code::kBadOps, member.key.place(),
              fmt::format("`{}` and `{}` are two items of the list", head->key.text, name));
          return nullptr;
        }
        head = &member;
      } else if (name == "of") {
        if (!ExpectText(member.value, "`of`, a tensor,", diagnostics_)) return nullptr;
        op->of = member.value.text.text;
      } else {
        Diagnostic& d = diagnostics_->Add(Code::kUnknownField, member.key.place(),
                                          fmt::format("there is no op `{}`", name));
        Suggest(&d, name, kOps);
        if (d.help.empty()) d.help = fmt::format("ops: {}", JoinWords(kOps));
        return nullptr;
      }
    }
    if (head == nullptr)
      diagnostics_->Add(item.IsMap() ? Code::kMissingField : Code::kWrongYamlType, item.place,
                        fmt::format("an op is a map with one of {}", JoinWords(kOps)));
    return head;
  }

  bool ExpectDimAnd(const std::string& second, const std::string& op, const YamlNode& map) {
    const std::string what = fmt::format("`{}`", op);
    if (!ExpectMap(map, what, diagnostics_) ||
        !RefuseUnknownFields(map, what, {"dim", second}, diagnostics_))
      return false;
    for (const std::string& field : {std::string("dim"), second}) {
      if (map.Find(field) != nullptr) continue;
      diagnostics_->Add(Code::kMissingField, map.place, fmt::format("{} needs `{}`", what, field));
      return false;
    }
    return true;
  }

  bool ReadParts(const YamlNode& into, OpRule* op) {
    if (!ExpectMap(into, "`into` (tensor: size)", diagnostics_)) return false;
    if (into.members.size() < 2) {
      diagnostics_->Add(Code::kBadOps, into.place, "a split has two or more parts");
      return false;
    }
    for (const YamlMember& part : into.members) {
      if (ExpectText(part.value, "a size", diagnostics_))
        op->into.push_back({part.key, part.value.text});
    }
    return true;
  }

  bool ReadOpAxis(const YamlNode& axis, OpRule* op) {
    if (!ExpectText(axis, "`axis`", diagnostics_)) return false;
    if (!IsAxisName(axis.text.text)) {
      diagnostics_->Add(Code::kBadOps, axis.place,
                        fmt::format("`{}` is no axis: axes are Capitalised", axis.text.text));
      return false;
    }
    op->axis = axis.text;
    return true;
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
