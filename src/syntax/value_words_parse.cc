#include "syntax/value_words_parse.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "syntax/axis_expression.h"
#include "syntax/fields.h"

namespace rr {
namespace {

class ValueWordsParser {
 public:
  ValueWordsParser(const YamlNode& node, EntryRule* entry, Diagnostics* diagnostics)
      : node_(node), entry_(*entry), diagnostics_(diagnostics) {}

  bool Run() {
    ReadCast();
    ReadArithmetic();
    if (const SpannedText* times = TextOf(node_, "times")) entry_.times = NameFrom(*times);
    ReadPad();
    ReadReplicate();
    ReadTied();
    ReadDrop();
    return good_;
  }

 private:
  void Bad(const Place& place, std::string message) {
    diagnostics_->Add(Code::kBadValueWord, place, std::move(message));
    good_ = false;
  }

  // nullptr when the field is absent or no text, which is reported.
  const SpannedText* TextOf(const YamlNode& map, const char* field) {
    const YamlNode* value = map.Find(field);
    if (value == nullptr) return nullptr;
    if (ExpectText(*value, fmt::format("`{}`", field), diagnostics_)) return &value->text;
    good_ = false;
    return nullptr;
  }

  void ReadCast() {
    const SpannedText* cast = TextOf(node_, "cast");
    if (cast == nullptr) return;
    entry_.cast = ParseDtype(cast->text);
    if (!entry_.cast || !IsFloat(*entry_.cast))
      Bad(cast->place(), "`cast` is one of F64, F32, F16 and BF16");
  }

  void ReadArithmetic() {
    for (auto [field, target] :
         {std::pair{"add", &entry_.add}, {"multiply", &entry_.multiply}, {"back", &entry_.back}}) {
      if (const YamlNode* value = node_.Find(field)) {
        *target = FormulaOf(*value, fmt::format("`{}`", field), diagnostics_);
        good_ = good_ && target->has_value();
      }
    }
    if (entry_.back && !entry_.multiply)
      Bad(node_.Find("back")->place,
          "`back` is the exact other direction of `multiply`, which is absent");
    const SpannedText* in = TextOf(node_, "in");
    if (in == nullptr) return;
    if (in->text == "bf16") {
      entry_.in = Dtype::kBF16;
    } else if (in->text != "f32") {
      Bad(in->place(), "`in` says where the factor is rounded: f32 or bf16");
    }
    if (!entry_.add && !entry_.multiply && good_)
      Bad(in->place(), "`in` belongs to `add` or `multiply`");
  }

  void ReadPad() {
    const YamlNode* pad = node_.Find("pad");
    if (pad == nullptr || !ExpectMap(*pad, "`pad`", diagnostics_)) return;
    RefuseUnknownFields(*pad, "`pad`", {"to", "dim", "check"}, diagnostics_);
    PadWord word;
    word.place = pad->place;
    if (pad->Find("to") == nullptr) {
      diagnostics_->Add(Code::kMissingField, pad->place, "`pad` needs `to`: the stored size");
      good_ = false;
    } else if (const SpannedText* to = TextOf(*pad, "to")) {
      word.to = *to;
      good_ = Formula::Parse(*to, diagnostics_).has_value() && good_;
    }
    if (const YamlNode* dim = pad->Find("dim"))
      word.dim = IntegerOf(*dim, "`dim`", diagnostics_).value_or(0);
    if (const SpannedText* check = TextOf(*pad, "check")) {
      word.check_zero = check->text == "zero";
      if (!word.check_zero && check->text != "ignore")
        Bad(check->place(), "`check` is ignore or zero");
    }
    entry_.pad = std::move(word);
  }

  void ReadReplicate() {
    const YamlNode* replicate = node_.Find("replicate");
    if (replicate == nullptr) return;
    for (const SpannedText& axis : TextsOf(*replicate, "an axis to replicate over", diagnostics_)) {
      if (!IsAxisName(axis.text)) Bad(axis.place(), fmt::format("`{}` is no axis", axis.text));
      entry_.replicate.push_back(NameFrom(axis));
    }
  }

  void ReadTied() {
    if (const YamlNode* tied = node_.Find("tied")) {
      entry_.written = tied->IsText() && tied->text.text == "written";
      entry_.tied =
          entry_.written || YesNoOf(*tied, "`tied` (or `written`)", diagnostics_).value_or(false);
    }
    if (entry_.times && entry_.tied)
      Bad(entry_.times->place, "a tied copy is what the other key stores: `times` belongs there");
  }

  void ReadDrop() {
    const YamlNode* drop = node_.Find("drop");
    if (drop == nullptr) return;
    good_ = ExpectText(*drop, "`drop`, the reason,", diagnostics_) && good_;
    if (good_) entry_.drop = drop->text.text;
    if (entry_.drop && entry_.drop->empty())
      Bad(drop->place, "`drop` needs the reason why nothing is lost");
  }

  const YamlNode& node_;
  EntryRule& entry_;
  Diagnostics* diagnostics_;
  bool good_ = true;
};

}  // namespace

bool ReadValueWords(const YamlNode& node, EntryRule* entry, Diagnostics* diagnostics) {
  return ValueWordsParser(node, entry, diagnostics).Run();
}

}  // namespace rr
