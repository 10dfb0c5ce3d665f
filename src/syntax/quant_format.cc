#include "syntax/quant_format.h"

#include <fmt/format.h>

#include <utility>

#include "syntax/fields.h"
#include "syntax/regex.h"

namespace rr {
namespace {

constexpr std::string_view kStemEnd = ".weight";

class FormatParser {
 public:
  explicit FormatParser(Diagnostics* diagnostics) : diagnostics_(diagnostics) {}

  std::vector<QuantFormat> Parse(const YamlNode& root) {
    if (!ExpectMap(root, "a file of quantisation formats", diagnostics_)) return {};
    ExpectVersion(root, "a file of quantisation formats", diagnostics_);
    RefuseUnknownFields(root, "a file of quantisation formats",
                        {"rule-runner", "about", "formats", "tests"}, diagnostics_);
    const YamlNode* formats = Needed(root, "a file of quantisation formats", "formats");
    if (formats == nullptr || !ExpectMap(*formats, "`formats`", diagnostics_)) return {};
    std::vector<QuantFormat> read;
    for (const YamlMember& member : formats->members) {
      const size_t errors = diagnostics_->ErrorCount();
      QuantFormat format = Format(member);
      if (diagnostics_->ErrorCount() == errors) read.push_back(std::move(format));
    }
    return read;
  }

 private:
  QuantFormat Format(const YamlMember& member) {
    QuantFormat format;
    format.name = NameFrom(member.key);
    const YamlNode& node = member.value;
    if (!ExpectMap(node, "a format", diagnostics_)) return format;
    RefuseUnknownFields(
        node, "a format",
        {"about", "marks", "codes", "scales", "shape", "others", "transposed", "dtype", "usual"},
        diagnostics_);
    if (const YamlNode* about = node.Find("about"))
      if (ExpectText(*about, "`about`", diagnostics_)) format.about = about->text.text;
    if (const YamlNode* marks = node.Find("marks")) {
      for (const YamlNode& item : ItemsOf(*marks)) {
        if (auto formula = FormulaOf(item, "a mark", diagnostics_))
          format.marks.push_back(std::move(*formula));
      }
    }
    if (const YamlNode* codes = Needed(node, "a format", "codes")) Codes(*codes, &format);
    if (const YamlNode* scales = Needed(node, "a format", "scales")) Scales(*scales, &format);
    if (const YamlNode* shape = node.Find("shape"))
      if (ExpectText(*shape, "`shape`, a key,", diagnostics_)) format.shape = Key(shape->text);
    if (const YamlNode* others = node.Find("others")) {
      for (const SpannedText& key : TextsOf(*others, "a key", diagnostics_))
        format.others.push_back(Key(key));
    }
    if (const YamlNode* transposed = node.Find("transposed"))
      format.transposed = YesNoOf(*transposed, "`transposed`", diagnostics_).value_or(false);
    if (const YamlNode* usual = node.Find("usual");
        usual != nullptr && ExpectText(*usual, "`usual`, a regex,", diagnostics_) &&
        CompilesAsRegex(usual->text, diagnostics_))
      format.usual = usual->text.text;
    if (const YamlNode* dtype = node.Find("dtype")) {
      for (const Dtype one : Dtypes(*dtype)) format.dtype = one;
      if (format.dtype && !IsFloat(*format.dtype))
        Bad(dtype->place, "`dtype` is that of the values: F64, F32, F16 or BF16");
    }
    return format;
  }

  void Codes(const YamlNode& node, QuantFormat* format) {
    if (!ExpectMap(node, "`codes`", diagnostics_)) return;
    RefuseUnknownFields(node, "`codes`", {"key", "dtype", "code", "first", "zero", "tail"},
                        diagnostics_);
    if (const YamlNode* key = Needed(node, "`codes`", "key"); key != nullptr && IsText(*key))
      format->codes = Key(key->text);
    if (const YamlNode* dtype = Needed(node, "`codes`", "dtype"))
      format->code_dtypes = Dtypes(*dtype);
    if (const YamlNode* code = Needed(node, "`codes`", "code"); code != nullptr && IsText(*code)) {
      const std::string& text = code->text.text;
      format->code.kind = text == "e2m1"   ? ElementCode::Kind::kE2M1
                          : text == "int4" ? ElementCode::Kind::kInt4
                                           : ElementCode::Kind::kF8E4M3;
      if (format->code.kind == ElementCode::Kind::kF8E4M3 && text != "e4m3")
        Bad(code->place, fmt::format("`code` is e4m3, e2m1 or int4, this is `{}`", text));
    }
    if (const YamlNode* first = node.Find("first"); first != nullptr && IsText(*first)) {
      format->code.high_first = first->text.text == "high";
      if (!format->code.high_first && first->text.text != "low")
        Bad(first->place,
            "`first` is `low` or `high`: the bits of a byte that hold the first code");
    }
    if (const YamlNode* zero = node.Find("zero"))
      format->code.zero = static_cast<int>(IntegerOf(*zero, "`zero`", diagnostics_).value_or(0));
    if (const YamlNode* tail = node.Find("tail")) {
      format->tail = IntegerOf(*tail, "`tail`", diagnostics_).value_or(0);
      if (format->tail < 1) Bad(tail->place, "`tail` is the size of the last dimension");
    }
    for (const Dtype dtype : format->code_dtypes) {
      if (BitsOf(dtype) % format->code.Bits() != 0)
        Bad(node.place, fmt::format("{} does not hold whole codes", NameOf(dtype)));
    }
  }

  void Scales(const YamlNode& node, QuantFormat* format) {
    if (!ExpectMap(node, "`scales`", diagnostics_)) return;
    RefuseUnknownFields(node, "`scales`", {"key", "dtype", "block", "use"}, diagnostics_);
    if (const YamlNode* key = Needed(node, "`scales`", "key"); key != nullptr && IsText(*key))
      format->scales = Key(key->text);
    if (const YamlNode* dtype = Needed(node, "`scales`", "dtype"))
      format->scale_dtypes = Dtypes(*dtype);
    for (const Dtype dtype : format->scale_dtypes) {
      if (!IsFloat(dtype) && dtype != Dtype::kU8 && dtype != Dtype::kF8E8M0)
        Bad(node.place,
            fmt::format("scales are floats, or E8M0 as U8 or F8_E8M0, not {}", NameOf(dtype)));
    }
    if (const YamlNode* use = node.Find("use"); use != nullptr && IsText(*use)) {
      format->divide = use->text.text == "divide";
      if (!format->divide && use->text.text != "multiply")
        Bad(use->place, "`use` is `multiply` or `divide`: what a scale does to a code");
    }
    const YamlNode* block = Needed(node, "`scales`", "block");
    if (block == nullptr) return;
    if (!block->IsList() || block->items.size() != 2) {
      Bad(block->place, "`block` has two sizes: rows and columns that share a scale, or `all`");
      return;
    }
    for (size_t d = 0; d < 2; ++d) {
      const YamlNode& size = block->items[d];
      if (size.IsText() && size.text.text == "all") continue;
      format->block[d] = FormulaOf(size, "a size of a block", diagnostics_);
    }
  }

  QuantKey Key(const SpannedText& text) {
    QuantKey key;
    for (const std::string_view word : {"{key}", "{stem}"}) {
      if (!text.text.starts_with(word)) continue;
      key.of_stem = word == "{stem}";
      key.suffix = text.text.substr(word.size());
      if (key.suffix.find_first_of("{}") == std::string::npos) return key;
    }
    Bad(text.place(), "a key begins with {key}, the weight's key, or {stem}, that without .weight");
    return key;
  }

  std::vector<Dtype> Dtypes(const YamlNode& node) {
    std::vector<Dtype> dtypes;
    for (const SpannedText& text : TextsOf(node, "a dtype", diagnostics_)) {
      if (const std::optional<Dtype> dtype = ParseDtype(text.text)) {
        dtypes.push_back(*dtype);
      } else {
        Bad(text.place(), fmt::format("`{}` is no dtype of safetensors", text.text));
      }
    }
    return dtypes;
  }

  const YamlNode* Needed(const YamlNode& map, std::string_view what, std::string_view field) {
    const YamlNode* node = map.Find(field);
    if (node == nullptr)
      diagnostics_->Add(Code::kMissingField, map.place, fmt::format("{} needs `{}`", what, field));
    return node;
  }
  bool IsText(const YamlNode& node) { return ExpectText(node, "this field", diagnostics_); }
  void Bad(const Place& place, std::string message) {
    diagnostics_->Add(Code::kWrongYamlType, place, std::move(message));
  }

  Diagnostics* diagnostics_;
};

}  // namespace

std::optional<std::string> QuantKey::KeyOf(const std::string& weight) const {
  if (!of_stem) return weight + suffix;
  if (!weight.ends_with(kStemEnd)) return std::nullopt;
  return weight.substr(0, weight.size() - kStemEnd.size()) + suffix;
}

std::optional<std::string> QuantKey::WeightOf(const std::string& key) const {
  if (!key.ends_with(suffix) || key.size() == suffix.size()) return std::nullopt;
  std::string weight = key.substr(0, key.size() - suffix.size());
  if (of_stem) weight += kStemEnd;
  return weight;
}

std::vector<QuantFormat> ParseQuantFormats(const YamlNode& root, Diagnostics* diagnostics) {
  return FormatParser(diagnostics).Parse(root);
}

}  // namespace rr
