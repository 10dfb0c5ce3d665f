#include "syntax/quant_test.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "syntax/fields.h"

namespace rr {
namespace {

class QuantTestParser {
 public:
  explicit QuantTestParser(Diagnostics* diagnostics) : diagnostics_(diagnostics) {}

  QuantTest Parse(const YamlNode& node) {
    QuantTest test;
    test.place = node.place;
    RefuseUnknownFields(node, "a test of a format",
                        {"format", "config", "announces", "weight", "stored", "others", "usual",
                         "unusual", "codes", "scale", "values"},
                        diagnostics_);
    if (const YamlNode* format = node.Find("format");
        format != nullptr && ExpectText(*format, "`format`", diagnostics_)) {
      test.format = NameFrom(format->text);
    } else if (format == nullptr) {
      diagnostics_->Add(Code::kMissingField, node.place, "a test of a format needs `format`");
    }
    if (const YamlNode* config = node.Find("config");
        config != nullptr && ExpectMap(*config, "`config`", diagnostics_)) {
      for (const YamlMember& attribute : config->members) {
        if (ExpectText(attribute.value, "an attribute, as JSON text,", diagnostics_))
          test.config.push_back({NameFrom(attribute.key), attribute.value.text});
      }
    }
    if (const YamlNode* announces = node.Find("announces"))
      test.announces = TextsOf(*announces, "the name of a format", diagnostics_);
    Weight(node, &test);
    if (const YamlNode* others = node.Find("others")) {
      for (const SpannedText& key : TextsOf(*others, "a key", diagnostics_))
        test.others.push_back(key.text);
    }
    if (const YamlNode* usual = node.Find("usual"))
      test.usual = TextsOf(*usual, "a key", diagnostics_);
    if (const YamlNode* unusual = node.Find("unusual"))
      test.unusual = TextsOf(*unusual, "a key", diagnostics_);
    test.code_bytes = Bytes(node, "codes");
    test.scale_bytes = Bytes(node, "scale");
    if (const YamlNode* values = node.Find("values")) {
      for (const SpannedText& text : TextsOf(*values, "a number", diagnostics_)) {
        char* end = nullptr;
        test.values.push_back(std::strtod(text.text.c_str(), &end));
        if (*end != '\0') Bad(text.place(), fmt::format("`{}` is no number", text.text));
      }
    }
    return test;
  }

 private:
  void Weight(const YamlNode& node, QuantTest* test) {
    const YamlNode* weight = node.Find("weight");
    const YamlNode* stored = node.Find("stored");
    if (weight == nullptr && stored == nullptr) return;
    if (weight == nullptr || stored == nullptr) {
      Bad(node.place, "`weight` and `stored` belong together: a weight and what stands for it");
      return;
    }
    if (!ExpectMap(*weight, "`weight`", diagnostics_) ||
        !ExpectMap(*stored, "`stored`", diagnostics_))
      return;
    if (weight->members.size() != 1) {
      Bad(weight->place, "`weight` is one key with its shape");
      return;
    }
    test->weight = weight->members[0].key.text;
    for (const YamlNode& size : ItemsOf(weight->members[0].value))
      test->shape.push_back(IntegerOf(size, "a size", diagnostics_).value_or(0));
    for (const YamlMember& member : stored->members) {
      QuantStored one;
      one.key = member.key.text;
      one.place = member.value.place;
      const std::vector<YamlNode> items = ItemsOf(member.value);
      if (items.size() < 2) {
        Bad(member.value.place, "what is stored is a list: dtypes, then sizes");
        continue;
      }
      for (const SpannedText& text : TextsOf(items[0], "a dtype", diagnostics_)) {
        if (const std::optional<Dtype> dtype = ParseDtype(text.text)) {
          one.dtypes.push_back(*dtype);
        } else {
          Bad(text.place(), fmt::format("`{}` is no dtype of safetensors", text.text));
        }
      }
      for (size_t i = 1; i < items.size(); ++i)
        one.shape.push_back(IntegerOf(items[i], "a size", diagnostics_).value_or(0));
      if (!one.dtypes.empty()) test->stored.push_back(std::move(one));
    }
  }

  std::vector<int64_t> Bytes(const YamlNode& node, const std::string& field) {
    std::vector<int64_t> bytes;
    const YamlNode* list = node.Find(field);
    if (list == nullptr) return bytes;
    for (const YamlNode& item : ItemsOf(*list)) {
      const std::optional<int64_t> byte = IntegerOf(item, "a byte", diagnostics_);
      if (!byte) continue;
      if (*byte < 0 || *byte > 255) Bad(item.place, "a byte is 0 to 255");
      bytes.push_back(*byte);
    }
    return bytes;
  }

  void Bad(const Place& place, std::string message) {
    diagnostics_->Add(Code::kWrongYamlType, place, std::move(message));
  }

  Diagnostics* diagnostics_;
};

}  // namespace

std::vector<QuantTest> ParseQuantTests(const YamlNode& root, Diagnostics* diagnostics) {
  std::vector<QuantTest> tests;
  const YamlNode* list = root.Find("tests");
  if (list == nullptr) return tests;
  if (!list->IsList()) {
    diagnostics->Add(Code::kWrongYamlType, list->place, "`tests` is a list");
    return tests;
  }
  for (const YamlNode& item : list->items) {
    if (!ExpectMap(item, "a test", diagnostics)) continue;
    const size_t errors = diagnostics->ErrorCount();
    QuantTest test = QuantTestParser(diagnostics).Parse(item);
    if (diagnostics->ErrorCount() == errors) tests.push_back(std::move(test));
  }
  return tests;
}

}  // namespace rr
